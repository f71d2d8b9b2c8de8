/// The members of a document that have members of their own.
extension NIP11Document {
    private static let integers: Set = [
        "max_message_length", "max_subscriptions", "max_filters", "max_limit", "max_subid_length", "max_event_tags",
        "max_content_length", "min_pow_difficulty", "created_at_lower_limit", "created_at_upper_limit",
        "default_limit",
    ]
    private static let flags: Set = ["auth_required", "payment_required", "restricted_writes"]

    /// `limitation` with the members that NIP-11 knows in their types; others as they are.
    mutating func checkedLimitation(_ value: JSONValue) -> JSONValue? {
        guard case .object(let members) = value else {
            if value != .null { note("limitation", "not_an_object") }
            return nil
        }
        var checked: [JSONValue.Member] = []
        for member in members {
            let name = member.name
            if Self.integers.contains(name) {
                if let value = integer(name, member.value) { checked.append(JSONValue.Member(name, value)) }
            } else if Self.flags.contains(name) {
                if let value = flag(name, member.value) { checked.append(JSONValue.Member(name, value)) }
            } else {
                checked.append(member)
            }
        }
        return .object(checked)
    }

    private mutating func integer(_ name: String, _ value: JSONValue) -> JSONValue? {
        switch value {
        case .number(let number) where number.isPlainInteger: return value
        case .null: return nil
        case .number(let number):
            note("limitation.\(name)", "not_an_integer")
            return number.integer.map { .integer($0) }
        case .string(let text):
            note("limitation.\(name)", "not_an_integer")
            return Int64(text).map { .integer($0) }
        default:
            note("limitation.\(name)", "not_an_integer")
            return nil
        }
    }

    private mutating func flag(_ name: String, _ value: JSONValue) -> JSONValue? {
        switch value {
        case .bool: return value
        case .null: return nil
        case .number(let number) where number.integer == 0 || number.integer == 1:
            note("limitation.\(name)", "not_a_boolean")
            return .bool(number.integer == 1)
        case .string("true"), .string("false"):
            note("limitation.\(name)", "not_a_boolean")
            return .bool(value == .string("true"))
        default:
            note("limitation.\(name)", "not_a_boolean")
            return nil
        }
    }

    /// `fees`: for each occasion a list of objects with an amount.
    mutating func checkedFees(_ value: JSONValue) -> JSONValue? {
        guard case .object = value else {
            if value != .null { note("fees", "not_an_object") }
            return nil
        }
        for occasion in ["admission", "subscription", "publication"] {
            guard let fees = value[occasion], fees != .null else { continue }
            guard case .array(let list) = fees else {
                note("fees.\(occasion)", "not_a_list")
                continue
            }
            for fee in list {
                guard case .number = fee["amount"] else {
                    note("fees.\(occasion)", "without_amount")
                    break
                }
            }
        }
        return value
    }

    /// `retention`: a list of objects. It has left the text of NIP-11 and is still served.
    mutating func checkedRetention(_ value: JSONValue) -> JSONValue? {
        guard case .array(let rules) = value else {
            if value != .null { note("retention", "not_a_list") }
            return nil
        }
        let isSound = rules.allSatisfy { if case .object = $0 { true } else { false } }
        if !isSound { note("retention", "element_not_an_object") }
        return value
    }
}
