/// A place in events where relays are named. The raw values are stored with each candidate and never change.
public enum RelaySlot: String, Sendable, CaseIterable {
    /// `r` of kind 10002: the relays an author reads and writes (NIP-65).
    case relayList = "relay_list"
    /// `d` of kind 30166 and `r` of kind 1066: a monitor has probed it (NIP-66).
    case probed
    /// `relay` of lists: 10007, 10012, 10013, 10050, 10051, 10102, 30002 (NIP-51, NIP-17).
    case relaySet = "relay_set"
    /// `relay` of kind 10006: an author does not want it.
    case blocked
    /// `group` index 2, and `r` of kind 10009 (NIP-29, NIP-51).
    case group
    /// `relay` of any other kind: 62, 1068, 10019, 22242, 34550 and more.
    case relayTag = "relay_tag"
    /// `relays`, which holds many: 9734, 9041, 30311, 30617, jobs and more.
    case relaysTag = "relays_tag"
    /// `relays` of the zap request inside a zap receipt (NIP-57).
    case zapRequest = "zap_request"
    /// Keys of the JSON object that is the content of kind 3.
    case followList = "follow_list"
    /// The content of kind 2.
    case recommended
    /// `relays` of the JSON object that is the content of kinds 28, 40 and 41.
    case channel
    /// Index 2 of `e`, `E` and `q`.
    case eventHint = "event_hint"
    /// Index 2 of `p` and `P`.
    case authorHint = "author_hint"
    /// Index 2 of `a` and `A`.
    case addressHint = "address_hint"
    /// Index 2 of `zap`.
    case zapHint = "zap_hint"
    /// Index 3 of `client`.
    case clientHint = "client_hint"
    /// Index 3 of `i`, kinds 5000 to 5999 (NIP-90).
    case jobInput = "job_input"
    /// Index 2 of the tags of kind 10040 (NIP-85).
    case provider
    /// `r` of any other kind, when it is a relay's URL.
    case reference
    /// TLV of nprofile, nevent, naddr and nrelay behind `nostr:` in a content (NIP-19, NIP-21).
    case nostrURI = "nostr_uri"
    /// `relays` of the document that confirms the name in a profile, kind 0 (NIP-05).
    case nip05
    /// A URL written out in a content.
    case text
}
