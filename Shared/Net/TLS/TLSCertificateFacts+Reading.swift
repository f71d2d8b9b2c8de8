import CSSL
import Crypto

extension TLSCertificateFacts {
    private static let mostTextBytes = 512
    private static let dnsName: Int32 = 2
    private static let address: Int32 = 7

    /// What a certificate says, bounded; what cannot be read stays empty.
    init(_ certificate: OpaquePointer) {
        subject = Self.text(X509_get_subject_name(certificate))
        issuer = Self.text(X509_get_issuer_name(certificate))
        notBefore = Self.seconds(X509_get0_notBefore(certificate))
        notAfter = Self.seconds(X509_get0_notAfter(certificate))
        fingerprint = Self.fingerprint(certificate)
        readNames(certificate)
    }

    private mutating func readNames(_ certificate: OpaquePointer) {
        guard let list = cssl_alternative_names(certificate) else { return }
        defer { cssl_free_names(list) }
        nameCount = max(0, Int(cssl_names_count(list)))
        for index in 0..<min(nameCount, Self.mostNames) {
            var (kind, count): (Int32, Int32) = (0, 0)
            guard let start = cssl_name(list, Int32(index), &kind, &count), count > 0 else { continue }
            let bytes = UnsafeBufferPointer(start: start, count: Int(count))
            if kind == Self.dnsName { names.append(Self.clean(bytes)) }
            if kind == Self.address, let address = ResolvedAddress(bytes: Array(bytes)) {
                names.append("\(address)")
            }
        }
    }

    private static func fingerprint(_ certificate: OpaquePointer) -> String {
        var (digest, count): ([UInt8], UInt32) = (Array(repeating: 0, count: Int(EVP_MAX_MD_SIZE)), 0)
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return "" }
        return Hex.encode(Array(digest.prefix(Int(count))))
    }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let name, let memory = cssl_name_text(name) else { return "" }
        defer { BIO_free(memory) }
        var start: UnsafeMutablePointer<CChar>?
        let count = cssl_memory(memory, &start)
        guard let start, count > 0 else { return "" }
        return start.withMemoryRebound(to: UInt8.self, capacity: count) {
            clean(UnsafeBufferPointer(start: $0, count: count))
        }
    }

    /// Cut between bytes, so that a broken last character is one of U+FFFD; control characters become spaces.
    private static func clean(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let plain = bytes.prefix(mostTextBytes).map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        return String(decoding: plain, as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
        var seconds: Int64 = 0
        return cssl_seconds(time, &seconds) == 0 ? seconds : nil
    }
}
