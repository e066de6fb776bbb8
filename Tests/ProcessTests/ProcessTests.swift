import Testing

/// Tests of the real programs. One after the other: each has processes of its own, and some look at the clock to tell
/// healing from a time-out.
@Suite(.serialized) struct ProcessTests {}
