// swift-tools-version: 6.2
import PackageDescription

// The target graph is the architecture: arrows point inward only. `docs/architecture.md` explains each target.

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    // Bugs that the simulation has to find. A release build cannot plant one; `scripts/check` looks.
    .define("SLIPWAY_MUTANTS", .when(configuration: .debug)),
]

func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func library(_ name: String, pkgConfig: String, package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let package = Package(
    name: "slipway",
    products: [
        .executable(name: "slipwayd", targets: ["slipwayd"]),
        .executable(name: "slipway", targets: ["slipway"]),
        .executable(name: "slipway-fetch", targets: ["slipway-fetch"]),
        .executable(name: "slipway-bench", targets: ["slipway-bench"]),
        .executable(name: "slipway-sim", targets: ["slipway-sim"]),
    ],
    targets: [
        library("CGit2", pkgConfig: "libgit2", package: "libgit2-dev"),
        library("CYAML", pkgConfig: "yaml-0.1", package: "libyaml-dev"),
        library("CSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),
        library("CCurl", pkgConfig: "libcurl", package: "libcurl4-openssl-dev"),
        library("COpenSSL", pkgConfig: "libcrypto", package: "libssl-dev"),
        library("CMicroHTTPD", pkgConfig: "libmicrohttpd", package: "libmicrohttpd-dev"),

        .systemLibrary(name: "CLinux"),

        // Pure.
        core("Model"),
        core("Planning", ["Model"]),
        core("Telemetry"),
        core("Ports", ["Model"]),

        // Leaves: one library or one kernel facility each.
        core("Execution", ["CLinux"]),
        core("Crypto", ["COpenSSL"]),
        core("Age", ["Crypto"]),
        core("TimeZones", ["Model", "Ports"]),
        core("Secrets", ["Age", "Crypto", "Model"]),
        core("SecretDelivery", ["CLinux", "Crypto", "Model", "Ports", "Secrets"]),
        core("SpecLoading", ["Age", "CYAML", "Crypto", "Model", "Secrets"]),
        core("Importing", ["Model", "SpecLoading"]),
        core("GitSource", ["CGit2", "CLinux", "Execution", "Model", "Ports"]),
        core("StateStore", ["CSQLite", "Execution", "Model", "Ports"]),
        core("Backup", ["Crypto", "Execution", "Model", "Ports", "SpecLoading", "StateStore"]),
        core("HTTPClient", ["CCurl", "Execution"]),
        core("DockerEngine", ["CLinux", "Execution", "HTTPClient", "Model", "Ports"]),
        core("Probing", ["Execution", "HTTPClient", "Model", "Ports"]),
        core("Certificates", ["COpenSSL", "Crypto", "Execution", "Model", "Ports"]),
        core("NameServer", ["CLinux", "Execution"]),
        core("EdgeProxy", ["CLinux", "Execution", "Model", "Ports"]),
        core("Notices", ["CCurl", "Crypto", "Execution", "Model", "Ports"]),
        core("Forges", ["Crypto", "Execution", "HTTPClient", "Model", "Ports"]),
        core("HTTPServer", ["CLinux", "CMicroHTTPD", "Execution"]),
        core("Access", ["Crypto", "HTTPClient", "Model", "Ports"]),

        // The loop and its surfaces.
        core("Controller", ["Execution", "Model", "Planning", "Ports", "Secrets", "SpecLoading", "Telemetry"]),
        core("ControlAPI", ["Access", "Controller", "HTTPServer", "Model", "Ports", "Telemetry"]),
        core("Simulation", ["Controller", "Model", "Planning", "Ports", "SpecLoading", "Telemetry"]),
        core("Commands", [
            "Age", "Backup", "CLinux", "Crypto", "Execution", "GitSource", "HTTPClient", "Importing", "Model", "Planning", "Ports",
            "Simulation", "SpecLoading", "TimeZones",
        ]),

        program("slipwayd", [
            "Access", "Age", "Certificates", "ControlAPI", "Controller", "Crypto", "DockerEngine", "EdgeProxy", "Execution", "Forges", "GitSource",
            "HTTPClient", "HTTPServer", "Model", "NameServer", "Notices", "Ports", "Probing", "SecretDelivery", "Secrets", "Simulation",
            "SpecLoading", "StateStore", "Telemetry", "TimeZones",
        ]),
        program("slipway", ["Commands"]),
        program("slipway-fetch", ["GitSource"]),
        program("slipway-bench", [
            "Access", "Age", "ControlAPI", "Controller", "Crypto", "DockerEngine", "EdgeProxy", "Execution", "GitSource", "HTTPClient", "HTTPServer", "Model",
            "Planning", "Ports", "Probing", "Simulation", "SpecLoading", "StateStore", "Telemetry",
        ]),

        program("slipway-sim", ["Execution", "Model", "Simulation"]),

        tests("ModelTests", ["Model"]),
        tests("PlanningTests", ["Model", "Planning"]),
        tests("AgeTests", ["Age", "Crypto", "Execution"], exclude: ["Vectors"]),
        tests(
            "SpecLoadingTests", ["Age", "Crypto", "Execution", "Model", "Secrets", "SpecLoading"],
            exclude: ["Corpus"]),
        tests("ImportingTests", ["Importing", "Model", "SpecLoading"]),
        tests(
            "SecretDeliveryTests", ["Age", "Crypto", "Model", "Ports", "SecretDelivery", "Secrets"]),
        tests("TimeZonesTests", ["Execution", "Model", "Planning", "Ports", "TimeZones"], exclude: ["Oracle"]),
        tests("GitSourceTests", ["Execution", "GitSource", "Model", "Ports", "TestServers", "slipway-fetch"]),
        tests("StateStoreTests", ["Execution", "Model", "Ports", "StateStore"]),
        tests("BackupTests", ["Backup", "Execution", "Model", "Ports", "StateStore"]),
        tests("TelemetryTests", ["Telemetry"]),
        .target(
            name: "TestServers", dependencies: ["Execution"], path: "Tests/TestServers", swiftSettings: strict),
        tests("HTTPTests", ["Execution", "HTTPClient", "HTTPServer", "TestServers"]),
        tests(
            "DockerEngineTests",
            ["DockerEngine", "Execution", "HTTPClient", "Model", "Ports", "Probing", "TestServers"]),
        tests("CertificatesTests", ["Certificates", "EdgeProxy", "Execution", "Model", "Ports", "TestServers"]),
        tests("ForgesTests", ["Crypto", "Execution", "Forges", "HTTPClient", "Model", "Ports", "TestServers"]),
        tests("NoticesTests", ["Crypto", "Execution", "Model", "Notices", "Ports", "TestServers"]),
        tests("NameServerTests", ["Execution", "NameServer", "TestServers"]),
        tests("EdgeProxyTests", ["EdgeProxy", "Execution", "HTTPClient", "Model", "Ports", "TestServers"]),
        tests("EngineConformanceTests", ["DockerEngine", "Execution", "HTTPClient", "Model", "Ports", "Simulation"]),
        tests(
            "ControllerTests",
            [
                "Age", "Controller", "Crypto", "Model", "Planning", "Ports", "Secrets", "Simulation", "SpecLoading", "Telemetry",
            ]),
        tests("SimulationTests", ["Execution", "Model", "Ports", "Simulation", "slipway-sim"]),
        tests(
            "AccessTests",
            ["Access", "COpenSSL", "Crypto", "HTTPClient", "HTTPServer", "Model", "Ports", "StateStore"]),
        tests("ControlAPITests", ["Access", "Commands", "ControlAPI", "Execution", "HTTPClient", "HTTPServer", "Model", "Ports", "StateStore"]),
        tests("CommandsTests", ["Age", "Commands", "Crypto", "Execution", "Model", "Ports", "Simulation"], exclude: ["Golden"]),
        tests(
            "EndToEndTests", ["Age", "Crypto", "Execution", "HTTPClient", "Model", "TestServers"], exclude: ["Load"]),
    ],
    swiftLanguageModes: [.v6]
)
