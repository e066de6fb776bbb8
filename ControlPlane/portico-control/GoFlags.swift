/// Arguments as they are written for ingress-nginx, whose flags follow Go: `--flag=true` and `--flag=false`.
enum GoFlags {
    private static let truths: Set<Substring> = ["true", "1", "t", "T", "TRUE", "True"]
    private static let falsehoods: Set<Substring> = ["false", "0", "f", "F", "FALSE", "False"]

    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - off: flags that are off by default; `=false` changes nothing about them.
    ///   - on: flags that are on by default, and turned off by `--no-NAME`.
    static func normalised(_ arguments: [String], off: Set<String>, on: Set<String>) -> [String] {
        arguments.compactMap { argument in
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return argument }
            let name = String(argument[..<equals].dropFirst(2))
            let value = argument[argument.index(after: equals)...]
            guard off.contains(name) || on.contains(name) else { return argument }
            if truths.contains(value) { return "--\(name)" }
            guard falsehoods.contains(value) else { return argument }
            return on.contains(name) ? "--no-\(name)" : nil
        }
    }
}
