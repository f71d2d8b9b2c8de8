import Crypto
import Testing

@testable import Nostr

@Suite struct TagKeyTests {
    /// The official vectors: key 00...0f, message 00, 01, 02 ... of each length from 0.
    private static let sipHash: [UInt64] = [
        0x726f_db47_dd0e_0e31, 0x74f8_39c5_93dc_67fd, 0x0d6c_8009_d9a9_4f5a, 0x8567_6696_d7fb_7e2d,
        0xcf27_94e0_2771_87b7, 0x1876_5564_cd99_a68d, 0xcbc9_466e_58fe_e3ce, 0xab02_00f5_8b01_d137,
        0x93f5_f579_9a93_2462, 0x9e00_82df_0ba9_e4b0, 0x7a5d_bbc5_94dd_b9f3, 0xf4b3_2f46_226b_ada7,
        0x751e_8fbc_860e_e5fb, 0x14ea_5627_c084_3d90, 0xf723_ca90_8e7a_f2ee, 0xa129_ca61_49be_45e5,
        0x3f2a_cc7f_57c2_9bdb, 0x699a_e9f5_2cbe_4794, 0x4bc1_b3f0_968d_d39c, 0xbb6d_c91d_a779_61bd,
        0xbed6_5cf2_1aa2_ee98, 0xd0f2_cbb0_2e3b_67c7, 0x9353_6795_e3a3_3e88, 0xa80c_038c_cd5c_cec8,
    ]

    @Test func `SipHash-2-4 is that of its authors`() {
        for (size, expected) in Self.sipHash.enumerated() {
            let message = (0..<size).map { UInt8($0) }
            var whole = SipHash24((0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
            message.withUnsafeBytes { whole.append($0) }
            #expect(whole.finish() == expected)
            var pieces = SipHash24((0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908))
            message.prefix(3).forEach { pieces.append($0) }
            Array(message.dropFirst(3)).withUnsafeBytes { pieces.append($0) }
            #expect(pieces.finish() == expected)
        }
    }

    struct Golden: Sendable {
        let letter: Character
        let value: String
        let createdAt: Int64
        let key: Int64
    }

    /// Version 2 of the stored format, computed by an independent program. Never change a line: make a new version.
    static let golden = [
        Golden(letter: "e", value: Fixtures.pubkey, createdAt: 1_700_000_000, key: 790_952_911_850_812_743),
        Golden(
            letter: "p", value: String(repeating: "f", count: 64), createdAt: 1_700_000_000,
            key: 790_974_313_323_498_704),
        Golden(letter: "t", value: "nostr", createdAt: 1_700_000_000, key: 791_089_225_240_808_537),
        Golden(letter: "t", value: "nostr", createdAt: 1_700_604_800, key: 791_370_700_217_519_193),
        Golden(letter: "T", value: "nostr", createdAt: 1_700_000_000, key: 791_030_468_914_237_059),
        Golden(letter: "t", value: "", createdAt: 0, key: 187_922_930_277_719),
        Golden(
            letter: "r", value: String(repeating: "x", count: 255), createdAt: 1_700_000_000,
            key: 791_094_907_526_141_618),
        Golden(
            letter: "r", value: String(repeating: "x", count: 256), createdAt: 1_700_000_000,
            key: 791_094_907_526_141_618),
        Golden(letter: "t", value: "日本", createdAt: .max, key: 9_223_140_588_848_641_284),
        Golden(letter: "t", value: "a\0b", createdAt: 604_799, key: 49_117_185_146_267),
        Golden(letter: "t", value: "a\0b", createdAt: 604_800, key: 330_592_161_856_923),
        Golden(letter: "t", value: "nostr", createdAt: 32_767 * 604_800, key: 9_223_235_102_561_930_329),
        Golden(letter: "t", value: "nostr", createdAt: 32_768 * 604_800, key: 9_223_235_102_561_930_329),
    ]

    @Test(arguments: golden) func `golden vectors of version 2`(_ golden: Golden) throws {
        let name = try #require(TagName(golden.letter))
        let week = TagKey.week(of: UnixTime(seconds: golden.createdAt))
        #expect(TagKey.version == 2)
        #expect(TagKey.key(name, Array(golden.value.utf8), week: week) == golden.key)
        let event = Fixtures.event(tags: [[String(golden.letter), golden.value]], createdAt: golden.createdAt)
        #expect(event.tagKeys == [golden.key])
    }

    @Test func `events of one week have keys that lie together`() throws {
        let name = try #require(TagName("t"))
        let keys = try (0..<100).map { try #require(TagKey.key(name, Array("value \($0)".utf8), week: 2_810)) }
        #expect(Set(keys).count == 100)
        let before = try #require(TagKey.key(name, Array("value 1".utf8), week: 2_809))
        let after = try #require(TagKey.key(name, Array("value 1".utf8), week: 2_811))
        #expect(keys.allSatisfy { before < $0 && $0 < after })
    }

    @Test func `an event's keys are sorted and distinct, one for each letter and value`() {
        let event = Fixtures.event(tags: [
            ["t", "a", "ignored"], ["t", "b"], ["t", "a"], ["t"], [], ["title", "a"], ["T", "a"], ["1", "a"],
            ["é", "a"],
            ["", "a"],
        ])
        #expect(event.tagKeys.count == 3 && event.tagKeys == event.tagKeys.sorted())
    }

    @Test func `a value is hashed by what it stands for, not by how it was written`() throws {
        let plain = try Fixtures.columns(Fixtures.json(tags: #"[["t","é/"]]"#))
        let escaped = Fixtures.json(
            tags: #"[["\u0074","\u00e9\/"]]"#, canonicalTags: #"[["t","é/"]]"#)
        #expect(try Fixtures.columns(escaped).tagKeys == plain.tagKeys && plain.tagKeys.count == 1)
    }

    @Test(arguments: [
        (Int64(0), Int64(0)), (604_799, 0), (604_800, 1), (-1, -1), (-604_800, -1), (-604_801, -2),
        (.max, 15_250_284_452_471), (.min, -15_250_284_452_472),
    ])
    func `weeks are floored, also before 1970`(_ seconds: Int64, _ week: Int64) {
        #expect(TagKey.week(of: UnixTime(seconds: seconds)) == week)
    }

    @Test func `only ASCII letters are tag names`() {
        #expect((UInt8.min...UInt8.max).filter { TagName($0) != nil }.count == 52)
        #expect(TagName("é") == nil && TagName("1") == nil && TagName("\r\n") == nil)
    }
}
