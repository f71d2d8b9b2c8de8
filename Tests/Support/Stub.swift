internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOHTTP1
internal import Yams
internal import Logging
internal import Metrics
