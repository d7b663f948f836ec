import Forges
import Glibc
import HTTPClient
import Ports
import TestServers
import Testing

/// An adapter and the server it talks to, which holds every request to the forge's documentation.
struct ForgePlace {
    let server: ForgeServer
    private let http = HTTPClient()

    init(_ kind: ForgeServer.Kind) throws {
        server = try ForgeServer(kind)
        unsafe setenv("SLIPWAY_TEST_TOKEN", ForgeServer.token, 1)
    }

    var kind: ForgeServer.Kind { server.kind }

    /// Each is as after a start of the controller: it knows nothing yet.
    func forge() throws -> any Forge {
        let configuration = ForgeConfiguration(
            kind: try #require(ForgeConfiguration.Kind(rawValue: kind.rawValue)), api: server.api,
            repository: "team/apps", token: .environment("SLIPWAY_TEST_TOKEN"), marker: "marker")
        return switch kind {
        case .github: GitHubForge(configuration: configuration, http: http)
        case .gitlab: GitLabForge(configuration: configuration, http: http)
        case .gitea: GiteaForge(configuration: configuration, http: http)
        }
    }

    /// Nothing was asked that is not documented.
    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        let objections = server.state.value.objections
        #expect(objections.isEmpty, "\(objections)", sourceLocation: sourceLocation)
    }
}
