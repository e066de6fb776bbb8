import Glibc
import KubernetesAPI
import Testing

@Suite struct KubernetesTimeTests {
    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000000Z"), (951_782_400, 1_999, "2000-02-29T00:00:00.000001Z"),
        (1_763_713_805, 123_456_789, "2025-11-21T08:30:05.123456Z"),
    ])
    func `a time is written to the microsecond`(seconds: Int, nanoseconds: Int, text: String) {
        #expect(KubernetesTime.micro(timespec(tv_sec: seconds, tv_nsec: nanoseconds)) == text)
    }

    @Test func `a time is written to the second`() {
        #expect(KubernetesTime.second(timespec(tv_sec: 86_399, tv_nsec: 999)) == "1970-01-01T23:59:59Z")
    }
}
