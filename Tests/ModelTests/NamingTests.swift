import Model
import Testing

@Suite struct NamingTests {
    @Test func namesAreMadeOfTheirParts() throws {
        let naming = Naming(prefix: "")
        let app = try #require(AppName("shop"))
        let process = try #require(ProcessName("web"))
        let volume = try #require(VolumeName("uploads"))
        #expect(naming.container(app: app, process: process, release: .first, index: 1) == "shop-web-v1-1")
        #expect(naming.volume(app: app, volume: volume) == "shop-uploads")
        #expect(naming.network(try #require(ProjectName("retail"))) == "slipway-retail")
        #expect(Naming(prefix: "test-").volume(app: app, volume: volume) == "test-shop-uploads")
    }

    @Test func labelsAreReadBack() throws {
        let digest = try #require(ContentDigest("sha256:" + String(repeating: "0", count: 64)))
        let labels = InstanceLabels(
            installation: try #require(InstallationName("main")),
            project: try #require(ProjectName("retail")),
            app: try #require(AppName("shop")), process: try #require(ProcessName("web")), release: .first,
            spec: digest, template: digest, source: try #require(SourceName("apps")), path: "a/shop.yaml",
            commit: try #require(CommitID(String(repeating: "1", count: 40))))
        #expect(InstanceLabels(labels.dictionary) == labels)
        for key in labels.dictionary.keys {
            var other = labels.dictionary
            other[key] = nil
            #expect(InstanceLabels(other) == nil)
        }
        var forged = labels.dictionary
        forged[LabelKey.release] = "-1"
        #expect(InstanceLabels(forged) == nil)
    }
}
