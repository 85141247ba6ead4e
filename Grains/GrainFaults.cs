namespace OrleansBulk;

/// <summary>What a grain call may end with although it ran, or may run on another try.</summary>
public static class GrainFaults
{
    /// <summary>
    /// Timed out, rejected, or its silo is gone: the call may have run all the same. Calls are idempotent here, so the answer to all three is to ask again.
    /// </summary>
    public static bool MayHaveRun(Exception error) => error is TimeoutException or OrleansMessageRejectionException or SiloUnavailableException;
}
