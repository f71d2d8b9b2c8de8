import ServiceKit
import Testing

@Suite struct ServiceStateTests {
    struct State: ServiceState, Equatable {
        struct Cursor: Codable, Equatable { var id: Int64 = 7 }
        var lastRunAt: Int64?
        var lastSeenAt: Int64 = 5
        var cursors: [Cursor] = []
        var name: String? = "x"
        var ratio = 0.5
        init() {}
    }

    @Test func `keys are properties in snake case, sorted`() throws {
        var state = State()
        state.lastRunAt = 1_700_000_000
        state.cursors = [.init(id: .max)]
        #expect(
            String(decoding: try state.json(), as: UTF8.self)
                == #"{"cursors":[{"id":9223372036854775807}],"last_run_at":1700000000,"last_seen_at":5,"#
                + #""name":"x","ratio":0.5}"#
        )
        #expect(try State(json: state.json()) == state)
    }

    @Test func `what an older or newer release saved is read`() throws {
        let state = try State(json: Array(#"{"last_seen_at":9,"from_the_future":{"a":[1,null,true]}}"#.utf8))
        #expect(state.lastSeenAt == 9)
        #expect(state.name == "x")
        #expect(state.lastRunAt == nil)
        #expect(try State(json: Array("{}".utf8)) == State())
    }

    @Test(arguments: ["", "[]", "null", "5", "{", #"{"last_seen_at":"x"}"#, #"{"cursors":[{}]}"#])
    func `what is no state is an error`(json: String) {
        #expect(throws: (any Error).self) { try State(json: Array(json.utf8)) }
    }
}
