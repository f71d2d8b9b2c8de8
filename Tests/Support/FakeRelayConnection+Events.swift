import Foundation
import NIOConcurrencyHelpers

extension FakeRelayConnection {
    /// EVENT: nothing is stored, `FakeRelay.messages` has what came.
    func take(_ event: [String: Any]?) {
        let behaviour = state.withLockedValue { $0.behaviour }
        let id = event?["id"] as? String ?? ""
        if demandsAuth(behaviour, { self.answer(id, false, "auth-required: sign in") }) { return }
        switch behaviour.taking {
        case .accepts: answer(id, true, "")
        case .refuses(let message): answer(id, false, message)
        case .refusesKinds(let kinds, let message):
            let isRefused = kinds.contains(event?["kind"] as? Int ?? -1)
            answer(id, !isRefused, isRefused ? message : "")
        case .needsWork(let bits):
            let has = Self.leadingZeroBits(id)
            answer(id, has >= bits, has >= bits ? "" : "pow: difficulty \(has)>=\(bits) is needed")
        case .ignores: break
        case .answersAnother: answer(String(repeating: "0", count: 64), true, "")
        case .disconnects: disconnect()
        case .notices(let count): for number in 0..<count { send("[\"NOTICE\",\"notice \(number)\"]") }
        }
    }

    private func answer(_ id: String, _ isAccepted: Bool, _ message: String) {
        send("[\"OK\",\"\(id)\",\(isAccepted),\"\(message)\"]")
    }

    private static func leadingZeroBits(_ hex: String) -> Int {
        var bits = 0
        for digit in hex {
            let value = UInt8(digit.hexDigitValue ?? 15)
            bits += value.leadingZeroBitCount - 4
            if value != 0 { break }
        }
        return bits
    }
}
