import Certificates
import Testing

/// A stand-in for `lego`: a shell script. `$host` is the host it was asked for, `$path` its folder.
struct FakeLego {
    let acme: ACMEConfiguration

    init(in folder: String, dns: DNSChallenge? = nil, _ script: String) throws {
        let program = folder + "/lego"
        let text = """
            #!/bin/sh
            while [ $# -gt 1 ]; do
                case $1 in --path) path=$2 ;; --domains) host=$2 ;; esac
                shift
            done
            echo "$host" >>\(folder)/calls
            \(script)
            """
        // Written by this process, it could not be started while another test's child still has it open.
        try write(text, to: program + ".draft", mode: 0o700)
        try run("/bin/cp", "-p", program + ".draft", program)
        acme = ACMEConfiguration(
            directoryURL: "https://authority.example/dir", email: "operator@example.org", dns: dns,
            legoPath: program)
    }

    /// Hosts that it was asked for, in order.
    static func calls(in folder: String) -> [String] {
        // No file: it was not asked.
        ((try? read(folder + "/calls")) ?? "").split(separator: "\n").map(String.init)
    }
}
