namespace OrleansBulk.Benchmarks.Support;

/// <summary>What a run was given.</summary>
/// <param name="ServerConnectionString">The PostgreSQL on which each scenario makes databases of its own.</param>
/// <param name="RedisServer">The program to start for the peer that needs it; null when there is none.</param>
/// <param name="Short">Small sizes: to see that everything works, not how fast it is.</param>
internal sealed record Bench(string ServerConnectionString, string? RedisServer, bool Short)
{
    public const string ServerVariable = "ConnectionStrings__BulkBench";
    private const string RedisVariable = "BENCH_REDIS_SERVER";

    public static Bench? FromEnvironment(bool isShort) => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } server
        ? new Bench(server, Environment.GetEnvironmentVariable(RedisVariable) is { Length: > 0 } redis ? redis : null, isShort)
        : null;
}
