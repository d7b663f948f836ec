/// The engine's JSON, only what is used of it. Every field is optional: engines leave out, rename and null.
enum Wire {
    struct Message: Decodable {
        var message: String?
    }

    struct Version: Decodable {
        var version: String?
        var apiVersion: String?
        var minAPIVersion: String?
        var architecture: String?
        var components: [Component]?
        struct Component: Decodable {
            var name: String?
            enum CodingKeys: String, CodingKey { case name = "Name" }
        }
        enum CodingKeys: String, CodingKey {
            case version = "Version"
            case apiVersion = "ApiVersion"
            case minAPIVersion = "MinAPIVersion"
            case architecture = "Arch"
            case components = "Components"
        }
    }

    struct Info: Decodable {
        var loggingDriver: String?
        enum CodingKeys: String, CodingKey { case loggingDriver = "LoggingDriver" }
    }

    struct ListedContainer: Decodable {
        var id: String?
        var names: [String]?
        var labels: [String: String]?
        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case names = "Names"
            case labels = "Labels"
        }
    }

    struct Container: Decodable {
        var id: String?
        var name: String?
        var restartCount: Int?
        var state: State?
        var config: Config?
        var hostConfig: HostConfig?
        var networkSettings: NetworkSettings?

        struct State: Decodable {
            var status: String?
            var isOutOfMemory: Bool?
            var exitCode: Int?
            var error: String?
            var startedAt: String?
            enum CodingKeys: String, CodingKey {
                case status = "Status"
                case isOutOfMemory = "OOMKilled"
                case exitCode = "ExitCode"
                case error = "Error"
                case startedAt = "StartedAt"
            }
        }
        struct Config: Decodable {
            var image: String?
            var labels: [String: String]?
            var hasTerminal: Bool?
            enum CodingKeys: String, CodingKey {
                case image = "Image"
                case labels = "Labels"
                case hasTerminal = "Tty"
            }
        }
        struct HostConfig: Decodable {
            var memory: Int64?
            var nanoCPUs: Int64?
            var cpuQuota: Int64?
            var cpuPeriod: Int64?
            var restartPolicy: RestartPolicy?
            struct RestartPolicy: Decodable {
                var name: String?
                enum CodingKeys: String, CodingKey { case name = "Name" }
            }
            enum CodingKeys: String, CodingKey {
                case memory = "Memory"
                case nanoCPUs = "NanoCpus"
                case cpuQuota = "CpuQuota"
                case cpuPeriod = "CpuPeriod"
                case restartPolicy = "RestartPolicy"
            }
        }
        struct NetworkSettings: Decodable {
            var networks: [String: Endpoint?]?
            struct Endpoint: Decodable {
                var address: String?
                var address6: String?
                var networkID: String?
                var aliases: [String]?
                enum CodingKeys: String, CodingKey {
                    case networkID = "NetworkID"
                    case aliases = "Aliases"
                    case address = "IPAddress"
                    case address6 = "GlobalIPv6Address"
                }
            }
            enum CodingKeys: String, CodingKey { case networks = "Networks" }
        }
        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case name = "Name"
            case restartCount = "RestartCount"
            case state = "State"
            case config = "Config"
            case hostConfig = "HostConfig"
            case networkSettings = "NetworkSettings"
        }
    }

    struct Network: Decodable {
        var id: String?
        var name: String?
        var labels: [String: String]?
        var containers: [String: Attached]?
        var addresses: Addresses?
        struct Addresses: Decodable {
            var ranges: [Range]?
            struct Range: Decodable {
                var subnet: String?
                enum CodingKeys: String, CodingKey { case subnet = "Subnet" }
            }
            enum CodingKeys: String, CodingKey { case ranges = "Config" }
        }
        struct Attached: Decodable {
            var name: String?
            enum CodingKeys: String, CodingKey { case name = "Name" }
        }
        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case name = "Name"
            case labels = "Labels"
            case containers = "Containers"
            case addresses = "IPAM"
        }
    }

    struct Volume: Decodable {
        var name: String?
        var driver: String?
        var options: [String: String]?
        var labels: [String: String]?
        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case driver = "Driver"
            case options = "Options"
            case labels = "Labels"
        }
    }

    struct Image: Decodable {
        var id: String?
        var repoDigests: [String]?
        var architecture: String?
        enum CodingKeys: String, CodingKey {
            case id = "Id"
            case repoDigests = "RepoDigests"
            case architecture = "Architecture"
        }
    }

    struct Distribution: Decodable {
        var descriptor: Descriptor?
        struct Descriptor: Decodable {
            var digest: String?
        }
        enum CodingKeys: String, CodingKey { case descriptor = "Descriptor" }
    }

    struct PullProgress: Decodable {
        var error: String?
        var errorDetail: Detail?
        struct Detail: Decodable {
            var message: String?
        }
    }

    struct Created: Decodable {
        var id: String?
        enum CodingKeys: String, CodingKey { case id = "Id" }
    }

    struct Exec: Decodable {
        var isRunning: Bool?
        var exitCode: Int?
        /// As the engine's host numbers its processes.
        var process: Int32?
        enum CodingKeys: String, CodingKey {
            case isRunning = "Running"
            case exitCode = "ExitCode"
            case process = "Pid"
        }
    }

    struct Event: Decodable {
        var type: String?
        var action: String?
        var actor: Actor?
        struct Actor: Decodable {
            var id: String?
            var attributes: [String: String]?
            enum CodingKeys: String, CodingKey {
                case id = "ID"
                case attributes = "Attributes"
            }
        }
        enum CodingKeys: String, CodingKey {
            case type = "Type"
            case action = "Action"
            case actor = "Actor"
        }
    }
}
