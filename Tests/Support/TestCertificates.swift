import Glibc
public import NIOSSL

/// Server certificates for tests, good and bad, and the authority that signed them.
///
/// Made once (P-256, all leaves with one key) and kept as text, so that tests need no tool and no clock. The keys
/// protect nothing.
public enum TestCertificates: String, CaseIterable, Sendable {
    /// Signed by the authority for localhost, relay.test, 127.0.0.1 and ::1, until 2120.
    case valid
    /// The same, over since 2021.
    case expired
    /// The same, from 2110 on.
    case notYetValid
    /// Signed by the authority for elsewhere.test only.
    case otherHost
    /// For localhost, signed by itself.
    case selfSigned

    /// A server's TLS context with this certificate, and so many copies of the authority's behind it.
    public func serverContext(authorities: Int = 0) throws -> NIOSSLContext {
        let text = pem + String(repeating: Self.authority, count: authorities)
        let chain = try NIOSSLCertificate.fromPEMBytes([UInt8](text.utf8)).map {
            NIOSSLCertificateSource.certificate($0)
        }
        let key = try NIOSSLPrivateKey(bytes: [UInt8](Self.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }

    /// Writes the authority's certificate to a new file, for clients that shall trust it. The caller removes it.
    public static func writeAuthority() throws -> String {
        let path = "/tmp/bigbrotr-test-ca-\(getpid())-\(UInt64.random(in: 0 ... .max)).pem"
        guard let file = fopen(path, "w") else { throw ChildProcess.Failure(description: "cannot write \(path)") }
        defer { fclose(file) }
        guard fputs(authority, file) >= 0 else { throw ChildProcess.Failure(description: "cannot write \(path)") }
        return path
    }

    private var pem: String {
        switch self {
        case .valid: Self.validPEM
        case .expired: Self.expiredPEM
        case .notYetValid: Self.notYetValidPEM
        case .otherHost: Self.otherHostPEM
        case .selfSigned: Self.selfSignedPEM
        }
    }
}

extension TestCertificates {
    /// PEM of the authority.
    public static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBaTCCAQ+gAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBCaWdCcm90
        ciB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAbMRkw
        FwYDVQQDDBBCaWdCcm90ciB0ZXN0IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
        QgAEB2fdh+2d+oMvxGyskEGztKG46HMDspwCJnyrxTnasvOz9SxzHH3MDWVbFyuN
        ouk+lhW1WiNjjQ8l9mnjT0JeWqNCMEAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8B
        Af8EBAMCAYYwHQYDVR0OBBYEFAOhi0zfW8EOcv3519KjhImdU8FYMAoGCCqGSM49
        BAMCA0gAMEUCIHUnf022CkcnDPXiJ1A5KwnvwjKLTv3qxXi1MFlC362/AiEA2TGn
        TPAKzVrTnI6oyOtF/7A6jNXJafOWl4riPG3vlj8=
        -----END CERTIFICATE-----

        """

    private static let validPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASWgAwIBAgIBAjAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBCaWdCcm90
        ciB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAUMRIw
        EAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAART4zrh
        Jj0W6OMtA0fQRVrpd+CYLKVbVHqCoxRuwy6e8vYPlz8tJLPDnyJt/MheMTVSfvgM
        FU+Y3ca+ZZsagZhzo18wXTA4BgNVHREEMTAvgglsb2NhbGhvc3SCCnJlbGF5LnRl
        c3SHBH8AAAGHEAAAAAAAAAAAAAAAAAAAAAEwDAYDVR0TAQH/BAIwADATBgNVHSUE
        DDAKBggrBgEFBQcDATAKBggqhkjOPQQDAgNIADBFAiEAoox1vVNVmXmGsul2VkUS
        ddwOfbQmhgSOyCgmES+VLz4CIALEp26rQR+Im/TjpxLaTIz4v5tatz8jjGO4eCpd
        zVdC
        -----END CERTIFICATE-----

        """

    private static let expiredPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASOgAwIBAgIBAzAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBCaWdCcm90
        ciB0ZXN0IENBMB4XDTIwMDEwMTAwMDAwMFoXDTIxMDEwMTAwMDAwMFowFDESMBAG
        A1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEU+M64SY9
        FujjLQNH0EVa6XfgmCylW1R6gqMUbsMunvL2D5c/LSSzw58ibfzIXjE1Un74DBVP
        mN3GvmWbGoGYc6NfMF0wOAYDVR0RBDEwL4IJbG9jYWxob3N0ggpyZWxheS50ZXN0
        hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAwGA1UdEwEB/wQCMAAwEwYDVR0lBAww
        CgYIKwYBBQUHAwEwCgYIKoZIzj0EAwIDSQAwRgIhAMSBj0Wq50WsR/KFWuhVA/S9
        f9k4X1zGziXPnnPf3YMpAiEAxI1obcWl9fdX9znnt/EJfCbyIs9gTx9ZT1o0HMz7
        aAY=
        -----END CERTIFICATE-----

        """

    private static let notYetValidPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBgDCCASegAwIBAgIBBDAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBCaWdCcm90
        ciB0ZXN0IENBMCIYDzIxMTAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQx
        EjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFPj
        OuEmPRbo4y0DR9BFWul34JgspVtUeoKjFG7DLp7y9g+XPy0ks8OfIm38yF4xNVJ+
        +AwVT5jdxr5lmxqBmHOjXzBdMDgGA1UdEQQxMC+CCWxvY2FsaG9zdIIKcmVsYXku
        dGVzdIcEfwAAAYcQAAAAAAAAAAAAAAAAAAAAATAMBgNVHRMBAf8EAjAAMBMGA1Ud
        JQQMMAoGCCsGAQUFBwMBMAoGCCqGSM49BAMCA0cAMEQCIHbGvToCyUtLHKPYapVp
        EK9pvpVx4ahhZII7TzLGTsyZAiA3uelpqUqFmwBDHyDexgyTI6Ab0app34cnBM2P
        g8X27A==
        -----END CERTIFICATE-----

        """

    private static let otherHostPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBYTCCAQagAwIBAgIBBTAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBCaWdCcm90
        ciB0ZXN0IENBMCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAUMRIw
        EAYDVQQDDAllbHNld2hlcmUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAART4zrh
        Jj0W6OMtA0fQRVrpd+CYLKVbVHqCoxRuwy6e8vYPlz8tJLPDnyJt/MheMTVSfvgM
        FU+Y3ca+ZZsagZhzo0AwPjAZBgNVHREEEjAQgg5lbHNld2hlcmUudGVzdDAMBgNV
        HRMBAf8EAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMBMAoGCCqGSM49BAMCA0kAMEYC
        IQCFt57htsxhug55cpyMlwDbcQaW+sG2SOCP+xY3G1QxVQIhAJAqEOJ7T8MBfzxZ
        xcw/dpQveWUqVoA5x60NFh0ds83k
        -----END CERTIFICATE-----

        """

    private static let selfSignedPEM = """
        -----BEGIN CERTIFICATE-----
        MIIBeDCCAR6gAwIBAgIBBjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFPjOuEmPRbo4y0D
        R9BFWul34JgspVtUeoKjFG7DLp7y9g+XPy0ks8OfIm38yF4xNVJ++AwVT5jdxr5l
        mxqBmHOjXzBdMDgGA1UdEQQxMC+CCWxvY2FsaG9zdIIKcmVsYXkudGVzdIcEfwAA
        AYcQAAAAAAAAAAAAAAAAAAAAATAMBgNVHRMBAf8EAjAAMBMGA1UdJQQMMAoGCCsG
        AQUFBwMBMAoGCCqGSM49BAMCA0gAMEUCIEG1F8VxDeI4GS2e5779Cly7S8i508KV
        7XwqOdL8vpnCAiEAruK6BXlOXUH4nHn3dRR0gYa2OHLvYq6UL5N/FCG6iu4=
        -----END CERTIFICATE-----

        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVxQraai/+JnM7gur
        OO8OPziVkTuPFhEKKQHi/6aTRWKhRANCAART4zrhJj0W6OMtA0fQRVrpd+CYLKVb
        VHqCoxRuwy6e8vYPlz8tJLPDnyJt/MheMTVSfvgMFU+Y3ca+ZZsagZhz
        -----END PRIVATE KEY-----

        """
}
