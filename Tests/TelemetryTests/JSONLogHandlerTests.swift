import Foundation
import Logging
import Telemetry
import Testing

@Suite struct JSONLogHandlerTests {
    private let sink = LinesInMemory()

    private func logger(_ level: Logger.Level = .info) -> Logger {
        Logger(label: "pool") {
            JSONLogHandler(
                service: "finder", component: $0, level: level, sink: sink,
                now: { LogTime(milliseconds: 1_700_000_000_042) })
        }
    }

    @Test func `a line is one JSON object with the fixed keys first`() throws {
        var logger = logger()
        logger[metadataKey: LogKey.replica] = "r1"
        logger.info(
            "cycle_completed", metadata: [LogKey.durationMS: "\(12)", LogKey.count("events"): .stringConvertible(7)])
        let text = try #require(sink.lines.first.map { String(decoding: $0, as: UTF8.self) })
        #expect(
            text == #"{"timestamp":"2023-11-14T22:13:20.042Z","level":"info","service":"finder","#
                + #""component":"pool","message":"cycle_completed","count_events":7,"duration_ms":"12","replica":"r1"}"#
                + "\n")
    }

    @Test func `numbers and truth values stay such, texts of every kind survive`() throws {
        let text = "a\"b\\c\n\t\u{0}\u{7f}\u{2028}üß🙂"
        logger().info(
            "x",
            metadata: [
                "number": .stringConvertible(-5), "flag": .stringConvertible(true), "ratio": .stringConvertible(0.5),
                "nan": .stringConvertible(Double.nan), "text": "\(text)", "list": ["a", .stringConvertible(1)],
                "object": ["b": "2", "a": ["c": "d"]],
            ])
        let object = try #require(try sink.objects().first)
        #expect(object["number"] as? Int == -5)
        #expect(object["flag"] as? Bool == true)
        #expect(object["ratio"] as? Double == 0.5)
        #expect(object["nan"] as? String == "nan")
        #expect(object["text"] as? String == text)
        #expect((object["list"] as? [Any])?.count == 2)
        #expect(((object["object"] as? [String: Any])?["a"] as? [String: String]) == ["c": "d"])
    }

    @Test func `an event's own fields win, and fixed keys cannot be doubled`() throws {
        var logger = logger()
        logger[metadataKey: "relay"] = "old"
        logger.info("x", metadata: ["relay": "new", "level": "fake", "message": "fake", "service": "fake"])
        let object = try #require(try sink.objects().first)
        #expect(object["relay"] as? String == "new")
        #expect(object["level"] as? String == "info")
        #expect(object["message"] as? String == "x")
        #expect(object["service"] as? String == "finder")
    }

    @Test func `less severe events are left out`() {
        logger(.warning).info("x")
        logger(.warning).warning("y")
        #expect(sink.lines.count == 1)
    }

    @Test(arguments: [1000, 1024, 5000, 1_000_000])
    func `a long text is cut and the line stays JSON within 4096 bytes`(count: Int) throws {
        for character in ["x", "\u{1}", "ü", "🙂", "\""] {
            logger().info("x", metadata: ["text": "\(String(repeating: character, count: count))"])
        }
        #expect(try sink.objects().count == 5)
        #expect(sink.lines.allSatisfy { $0.count <= 4096 })
    }

    @Test func `many fields are cut, and the line says so`() throws {
        let fields = (100..<400).map { ("field\($0)", Logger.MetadataValue.string(String(repeating: "v", count: 50))) }
        let nested = Logger.MetadataValue.dictionary(Dictionary(uniqueKeysWithValues: fields))
        logger().info("x", metadata: Dictionary(uniqueKeysWithValues: fields))
        logger().info("x", metadata: ["deep": ["a": ["b": .array([nested, nested, nested])]]])
        let objects = try sink.objects()
        #expect(objects[0]["truncated"] as? Bool == true)
        #expect(objects[0]["field100"] != nil)
        #expect(sink.lines.allSatisfy { $0.count <= 4096 })
    }

    @Test func `an error given to the logger is a field`() throws {
        struct Broken: Error, CustomStringConvertible { let description = "no route" }
        logger().error("x", error: Broken())
        #expect(try sink.objects().first?["error"] as? String == "no route")
    }

    @Test func `secrets do not reach the line, wherever they stand`() throws {
        let url = "socks5://user:hunter2@proxy:9050"
        logger().info(
            "dialled \(url)",
            metadata: [
                "a": "\(url)", "b": [.string(url)], "c": ["d": "host=x password=hunter2 port=1"],
            ])
        let line = try #require(sink.lines.first)
        #expect(!String(decoding: line, as: UTF8.self).contains("hunter2"))
        #expect(String(decoding: line, as: UTF8.self).contains("proxy:9050"))
    }

    @Test func `a component's logger writes to the same place`() throws {
        var logger = logger()
        logger[metadataKey: LogKey.replica] = "r1"
        logger.component("lease").info("x")
        let object = try #require(try sink.objects().first)
        #expect(object["component"] as? String == "lease")
        #expect(object["replica"] as? String == "r1")
    }
}
