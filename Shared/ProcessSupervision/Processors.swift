import CSystem

/// How many CPUs this process may run on: what its affinity allows, which a container's CPU set narrows.
package func availableProcessors() -> Int { Int(portico_available_processors()) }
