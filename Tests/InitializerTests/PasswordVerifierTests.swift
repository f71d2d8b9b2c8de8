import Settings
import Testing

@testable import Initializer

@Suite struct PasswordVerifierTests {
    @Test func `the salt and rounds of RFC 7677 give its keys`() {
        // The salted password of the RFC's example; client proof and server signature there follow from these two keys.
        let salt: [UInt8] = [
            0x5B, 0x6D, 0x99, 0x68, 0x9D, 0x12, 0x35, 0x8E, 0xEC, 0xA0, 0x4B, 0x14, 0x12, 0x36, 0xFA, 0x81,
        ]
        #expect(
            PasswordVerifier.make("pencil", salt: salt, iterations: 4_096)
                == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
    }

    @Test func `a verifier knows its own password and no other`() {
        let verifier = PasswordVerifier.make("correct horse")
        #expect(PasswordVerifier.matches(verifier, password: "correct horse"))
        #expect(!PasswordVerifier.matches(verifier, password: "correct horse "))
        #expect(PasswordVerifier.make("correct horse") != verifier)
        #expect(!verifier.contains("horse"))
    }

    @Test(arguments: [
        "", "md5abcdef", "SCRAM-SHA-256", "SCRAM-SHA-256$4096:AAAA", "SCRAM-SHA-256$0:AAAA$B:C",
        "SCRAM-SHA-256$-1:AAAA$B:C", "SCRAM-SHA-256$999999999:AAAA$B:C", "SCRAM-SHA-256$1:A!AA$B:C",
        "SCRAM-SHA-256$1:AA=$B:C", "SCRAM-SHA-256$1:====$B:C", "SCRAM-SHA-256$1:AAAA$B:C",
    ])
    func `what is no verifier is nobody's`(_ text: String) {
        #expect(!PasswordVerifier.matches(text, password: "x"))
    }

    @Test func `a long password is hashed first, as HMAC says`() {
        let long = String(repeating: "p", count: 100)
        #expect(PasswordVerifier.matches(PasswordVerifier.make(long), password: long))
        #expect(!PasswordVerifier.matches(PasswordVerifier.make(long), password: String(repeating: "p", count: 99)))
    }

    @Test(arguments: [
        ("a", true), (String(repeating: "a", count: 128), true), ("", false),
        (String(repeating: "a", count: 129), false),
        ("tab\t", false), ("ümlaut", false), ("nul\0", false), (" ~", true),
    ])
    func `passwords are printable ASCII`(_ password: String, _ isUsable: Bool) {
        #expect(PasswordVerifier.isUsable(password) == isUsable)
    }

    @Test func `a service's own variable wins, and a bad one is named`() throws {
        let environment = Environment(["DB_PASSWORD": "all", "DB_PASSWORD_API": "own", "DB_PASSWORD_DVM": "ü"])
        #expect(try ServiceLogins.password("api", environment) == Secret("own"))
        #expect(try ServiceLogins.password("finder", environment) == Secret("all"))
        #expect(throws: InitializerError.badPassword(variable: "DB_PASSWORD_DVM")) {
            try ServiceLogins.password("dvm", environment)
        }
        #expect(throws: InitializerError.badPassword(variable: "DB_PASSWORD")) {
            try ServiceLogins.password("dvm", Environment([:]))
        }
    }
}
