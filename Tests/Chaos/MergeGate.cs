using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Chaos;

/// <summary>
/// Stops a job's merges at the row that counts what they came to: one may go through, those behind it wait there until the test lets the next one go. So a kill comes between two of
/// them however quick they are and however late the test looks.
/// </summary>
internal sealed class MergeGate
{
    private readonly PostgresDatabase _postgres;

    private MergeGate(PostgresDatabase postgres) => _postgres = postgres;

    /// <summary>The first merge may go through.</summary>
    /// <param name="table">Where the merges count.</param>
    /// <param name="column">What grows there with each of them.</param>
    public static async Task<MergeGate> BuildAsync(PostgresDatabase postgres, string table, string column)
    {
        await postgres.ExecuteAsync("CREATE TABLE merge_gate AS SELECT 0::bigint AS committed");
        await postgres.ExecuteAsync($"""
            CREATE FUNCTION wait_at_the_merge_gate() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                WHILE OLD.{column} > (SELECT committed FROM merge_gate) LOOP
                    PERFORM pg_sleep(0.02);
                END LOOP;
                RETURN NEW;
            END $$
            """);
        await postgres.ExecuteAsync($"CREATE TRIGGER merge_gate BEFORE UPDATE OF {column} ON {table} FOR EACH ROW WHEN (NEW.{column} > OLD.{column}) EXECUTE FUNCTION wait_at_the_merge_gate()");
        return new MergeGate(postgres);
    }

    /// <summary>The merge that finds this much committed may go through; the next one waits.</summary>
    public Task PassOneAsync(long committed) => _postgres.ExecuteAsync("UPDATE merge_gate SET committed = $1", committed);

    public Task OpenAsync() => PassOneAsync(long.MaxValue);
}
