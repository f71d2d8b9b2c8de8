// NIP-11, "Relay Information Document".
// https://github.com/nostr-protocol/nips/blob/master/11.md

/// What a relay says about itself, whatever it got wrong in saying so: the bytes as they came, typed values of what can
/// be understood, and a defect for each thing that cannot, or not as it stands.
public struct NIP11Document: Sendable, Equatable {
    /// Largest body that the archive keeps.
    public static let maxBytes = 262_144
    /// Most elements kept of a list.
    static let maxElements = 1000
    /// Most members kept that NIP-11 does not know.
    static let maxExtras = 1000
    /// Most defects told.
    static let maxDefects = 100

    /// What is read of a body.
    public struct Limits: Sendable, Equatable {
        /// Largest body; above `maxBytes` none could be stored.
        public var bytes = NIP11Document.maxBytes
        /// Most levels of JSON.
        public var depth = JSONDepth.usual

        /// The defaults above.
        public init() {}
    }

    /// Members that are texts. The raw values are names in the document and columns of the table.
    public enum Text: String, Sendable, CaseIterable {
        case name, description, banner, icon, pubkey, contact, software, version
        case relayKey = "self"
        case privacyPolicy = "privacy_policy"
        case termsOfService = "terms_of_service"
        case postingPolicy = "posting_policy"
        case paymentsURL = "payments_url"
    }

    /// Members that are lists of texts.
    public enum List: String, Sendable, CaseIterable {
        case relayCountries = "relay_countries"
        case languageTags = "language_tags"
        case tags
    }

    /// The body as received.
    public let raw: [UInt8]
    /// Texts as served, without those that are absent or null. A number stands here as a text.
    public internal(set) var texts: [Text: String] = [:]
    /// Lists of texts, at most 1,000 elements each.
    public internal(set) var lists: [List: [String]] = [:]
    /// Numbers of NIPs, each once, at most 1,000, in the order of the document; nil when it says nothing.
    public internal(set) var supportedNIPs: [Int32]?
    /// `limitation`: of the members that NIP-11 knows only those that are, or can be taken for, of the right type.
    public internal(set) var limitation: JSONValue?
    /// `fees`, an object.
    public internal(set) var fees: JSONValue?
    /// `retention`, a list.
    public internal(set) var retention: JSONValue?
    /// Members that have no place above.
    public internal(set) var extras: [JSONValue.Member] = []
    /// "member:defect", each once, in the order of the document: "supported_nips:not_a_list".
    public private(set) var defects: [String] = []

    /// Reads a body. One that begins like an object is a document, however broken it is behind that.
    /// - Throws: when it is none.
    public init(_ body: [UInt8], limits: Limits = .init()) throws(NIP11Error) {
        guard body.count <= limits.bytes else { throw .tooLarge }
        var document = NIP11Document(unread: body)
        let fault = try body.withUnsafeBufferPointer { bytes throws(NIP11Error) in
            try document.read(bytes, depth: limits.depth)
        }
        if let fault {
            // What was read before the fault may belong to anything.
            let found = document.defects
            document = NIP11Document(unread: body)
            document.defects = found.filter { $0.hasPrefix("document:") }
            document.note("document", fault.word)
        }
        self = document
    }

    private init(unread body: [UInt8]) { raw = body }

    /// Notes that something of a member is not as it should be.
    mutating func note(_ member: String, _ defect: String) {
        let text = "\(member):\(defect)"
        if defects.count < Self.maxDefects, !defects.contains(text) { defects.append(text) }
    }

    /// The columns of the table `nip11` by name, but for its key and the raw bytes: a JSON object.
    public var columns: JSONValue {
        var members: [JSONValue.Member] = []
        for text in Text.allCases {
            if let value = texts[text] { members.append(JSONValue.Member(text.rawValue, .string(value))) }
        }
        for list in List.allCases {
            if let values = lists[list] { members.append(.init(list.rawValue, .array(values.map(JSONValue.string)))) }
        }
        if let supportedNIPs {
            members.append(JSONValue.Member("supported_nips", .array(supportedNIPs.map { .integer($0) })))
        }
        let others = [("limitation", limitation), ("fees", fees), ("retention", retention)]
        for (name, value) in others { if let value { members.append(JSONValue.Member(name, value)) } }
        if !extras.isEmpty { members.append(JSONValue.Member("extra_fields", .object(extras))) }
        members.append(JSONValue.Member("defects", .array(defects.map(JSONValue.string))))
        return .object(members)
    }
}

/// Why a body is no relay information document at all. The raw values are stored.
public enum NIP11Error: String, Error, Sendable, CaseIterable {
    /// Nothing but blanks.
    case empty = "empty_body"
    /// More than `NIP11Document.Limits.bytes`.
    case tooLarge = "body_too_large"
    /// Something else than an object: HTML, a plain text, a list.
    case notAnObject = "not_an_object"
}

extension JSONFault {
    /// For the list of defects.
    fileprivate var word: String {
        switch self {
        case .syntax: "not_json"
        case .controlByte: "control_byte"
        case .badUTF8: "bad_utf8"
        case .tooDeep: "too_deep"
        }
    }
}
