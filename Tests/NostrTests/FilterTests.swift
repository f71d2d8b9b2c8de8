import Crypto
import Testing

@testable import Nostr

@Suite struct FilterTests {
    private let t = TagName("t")
    private let e = TagName("e")

    @Test func `every member is written, in one fixed order`() throws {
        let id = try #require(EventID(hex: Fixtures.pubkey))
        let filter = Filter(
            ids: [id], authors: [id, .zero], kinds: [1, 65535],
            tags: [try #require(t): ["a\"b", "é\n"], try #require(e): []], since: UnixTime(seconds: 1),
            until: UnixTime(seconds: 2), limit: 0)
        let expected =
            ##"{"ids":["\##(id)"],"authors":["\##(id)","\##(EventID.zero)"],"kinds":[1,65535],"##
            + ##""#e":[],"#t":["a\"b","é\n"],"since":1,"until":2,"limit":0}"##
        #expect(String(filter.encode()) == expected)
        #expect(String(Filter().encode()) == "{}")
        #expect(String(Filter(ids: []).encode()) == #"{"ids":[]}"#)
    }

    private func expect(_ filter: Filter, _ matches: Bool, _ event: Event) throws {
        #expect(filter.matches(event) == matches)
        let parsed = try Fixtures.parse(event.json)
        #expect(event.json.withUnsafeBufferPointer { filter.matches(parsed, in: $0) } == matches)
    }

    @Test func `lists are one of, members are and`() throws {
        let event = Fixtures.event(kind: 7, tags: [["t", "a", "z"], ["t", "b"], ["e", "x"]], createdAt: 100)
        let t = try #require(t)
        let e = try #require(e)
        try expect(Filter(), true, event)
        try expect(Filter(ids: [.zero, event.id]), true, event)
        try expect(Filter(ids: [.zero]), false, event)
        try expect(Filter(authors: [event.pubkey], kinds: [1, 7]), true, event)
        try expect(Filter(authors: [.zero], kinds: [1, 7]), false, event)
        try expect(Filter(kinds: [1]), false, event)
        try expect(Filter(tags: [t: ["q", "b"]]), true, event)
        try expect(Filter(tags: [t: ["b"], e: ["x"]]), true, event)
        try expect(Filter(tags: [t: ["b"], e: ["y"]]), false, event)
        try expect(Filter(tags: [t: ["z"]]), false, event)
        try expect(Filter(limit: 0), true, event)
    }

    @Test func `an empty list matches nothing`() throws {
        let event = Fixtures.event(tags: [["t", ""]])
        let t = try #require(t)
        for filter in [Filter(ids: []), Filter(authors: []), Filter(kinds: []), Filter(tags: [t: []])] {
            try expect(filter, false, event)
        }
        try expect(Filter(tags: [t: [""]]), true, event)
    }

    @Test func `the bounds of time belong to the range`() throws {
        let event = Fixtures.event(createdAt: 100)
        for (since, until, matches) in [(100, 100, true), (101, 200, false), (0, 99, false), (99, 101, true)] {
            let filter = Filter(since: UnixTime(seconds: Int64(since)), until: UnixTime(seconds: Int64(until)))
            try expect(filter, matches, event)
        }
    }

    @Test func `letters of another case are other tags, and a tag without a value has none`() throws {
        let t = try #require(t)
        try expect(Filter(tags: [t: ["a"]]), false, Fixtures.event(tags: [["T", "a"], ["t"], ["tt", "a"]]))
        try expect(Filter(tags: [t: [""]]), false, Fixtures.event(tags: [["t"]]))
    }
}
