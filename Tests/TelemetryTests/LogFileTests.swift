import Foundation
import Telemetry
import Testing

@Suite struct LogFileTests {
    private let path = NSTemporaryDirectory() + "log-\(UUID().uuidString).jsonl"

    private func text(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    @Test func `lines are appended to what is there`() throws {
        try "before\n".write(toFile: path, atomically: false, encoding: .utf8)
        let file = try #require(LogFile(path: path))
        file.write(Array("one\n".utf8))
        file.write(Array("two\n".utf8))
        #expect(text(path) == "before\none\ntwo\n")
    }

    @Test func `a rotated file is opened anew`() throws {
        let file = try #require(LogFile(path: path))
        file.write(Array("one\n".utf8))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
        for _ in 0..<100 { file.write(Array("two\n".utf8)) }
        #expect(text(path + ".1").hasPrefix("one\n"))
        #expect(text(path).contains("two\n"))
        let all = text(path + ".1") + text(path)
        #expect(all.split(separator: "\n").count == 101)
    }

    @Test func `a file that cannot be opened is refused`() {
        #expect(LogFile(path: "/nowhere/log") == nil)
    }
}
