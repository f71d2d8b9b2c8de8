import Crypto
import Foundation
import Support
import Testing

@testable import Nostr

/// Sessions that the reference implementation had with itself, byte by byte.
@Suite struct NegentropyVectorTests {
    struct Session: Decodable, CustomTestStringConvertible {
        let recipe: NegentropyRecipe
        let clientFrame: Int
        let serverFrame: Int
        let have: Int
        let need: Int
        let messages: [String]
        var testDescription: String { recipe.name }

        private enum CodingKeys: CodingKey { case clientFrame, serverFrame, have, need, messages }

        init(from decoder: any Decoder) throws {
            recipe = try NegentropyRecipe(from: decoder)
            let values = try decoder.container(keyedBy: CodingKeys.self)
            clientFrame = try values.decode(Int.self, forKey: .clientFrame)
            serverFrame = try values.decode(Int.self, forKey: .serverFrame)
            have = try values.decode(Int.self, forKey: .have)
            need = try values.decode(Int.self, forKey: .need)
            messages = try values.decode([String].self, forKey: .messages)
        }
    }

    private struct File: Decodable {
        let sessions: [Session]
    }

    private static func sessions() throws -> [Session] {
        let path = try SourceFolder.repository() + "/Tests/NostrTests/negentropy_vectors.json"
        return try JSONDecoder().decode(File.self, from: Data(contentsOf: URL(filePath: path))).sessions
    }

    /// A message as the file gives it: short ones whole, long ones by length and hash.
    private static func spelled(_ message: [UInt8], like expected: String) -> String {
        expected.contains(" ") ? "\(message.count) \(SHA256.hash(message).hex)" : Hex.encode(message)
    }

    @Test(arguments: try sessions())
    func `client and server write what the reference writes`(_ session: Session) throws {
        let frame = { (bytes: Int) in bytes == 0 ? nil : bytes }
        let sides = session.recipe.sides()
        var dialogue = NegentropyDialogue(
            sides, clientFrame: frame(session.clientFrame), serverFrame: frame(session.serverFrame))
        try dialogue.runWithAllItems()
        let ours = zip(dialogue.messages, session.messages).map { Self.spelled($0, like: $1) }
        #expect(ours == session.messages)
        #expect(dialogue.messages.count == session.messages.count)
        #expect(Set(dialogue.have) == sides.have && dialogue.have.count == session.have)
        #expect(Set(dialogue.need) == sides.need && dialogue.need.count == session.need)
    }

    @Test func `the sessions are as different as they are meant to be`() throws {
        let sessions = try Self.sessions()
        #expect(sessions.count >= 20 && Set(sessions.map(\.recipe.name)).count == sessions.count)
        #expect(sessions.contains { $0.clientFrame > 0 } && sessions.contains { $0.serverFrame > 0 })
        #expect(sessions.contains { $0.messages.count > 20 } && sessions.contains { $0.messages.count == 2 })
        #expect(sessions.flatMap(\.messages).contains { !$0.contains(" ") })
    }
}
