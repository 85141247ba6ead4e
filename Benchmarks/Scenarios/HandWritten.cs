using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using Npgsql;
using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>What one would write for the same work without a service: no ledger, no progress, no recovery. The table is like the service's own.</summary>
internal sealed class HandWritten(BenchDatabase database, Uri upstream) : IDisposable
{
    private const int Batch = 1000;
    private static readonly TimeSpan Linger = TimeSpan.FromMilliseconds(100);

    private readonly HttpClient _http = New(upstream);

    public static Task CreateTableAsync(BenchDatabase database) => database.ExecuteAsync("""
        CREATE TABLE peer_profiles (handle text PRIMARY KEY, rank text, avatar text, last_active_at timestamptz, details text, etag text, fetched_at timestamptz) WITH (fillfactor = 75)
        """);

    /// <summary>As good as it gets: so many at once, written in batches beside the calls.</summary>
    public async Task<TimeSpan> ParallelAsync(string prefix, int items, int atOnce)
    {
        var started = Stopwatch.GetTimestamp();
        var rows = Channel.CreateUnbounded<Row>(new UnboundedChannelOptions { SingleReader = true });
        var writing = WriteBatchesAsync(rows.Reader);
        await Parallel.ForEachAsync(Enumerable.Range(0, items), new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (i, cancellationToken) =>
            rows.Writer.TryWrite(await FetchAsync($"{prefix}{i}", cancellationToken)));
        rows.Writer.Complete();
        await writing;
        return Stopwatch.GetElapsedTime(started);
    }

    /// <summary>As it used to be: groups of five, each waited for as a whole, a row at a time.</summary>
    public async Task<TimeSpan> FiveAtATimeAsync(string prefix, int items)
    {
        var started = Stopwatch.GetTimestamp();
        foreach (var five in Enumerable.Range(0, items).Chunk(5))
        {
            await Task.WhenAll(five.Select(async i => await WriteAsync([await FetchAsync($"{prefix}{i}", CancellationToken.None)])));
        }

        return Stopwatch.GetElapsedTime(started);
    }

    public void Dispose() => _http.Dispose();

    private async Task WriteBatchesAsync(ChannelReader<Row> rows)
    {
        var batch = new List<Row>(Batch);
        while (await rows.WaitToReadAsync())
        {
            await Task.WhenAny(rows.Completion, Task.Delay(Linger));
            while (batch.Count < Batch && rows.TryRead(out var row))
            {
                batch.Add(row);
            }

            await WriteAsync(batch);
            batch.Clear();
        }
    }

    private const string UpsertSql = """
        INSERT INTO peer_profiles (handle, rank, avatar, last_active_at, details, etag, fetched_at)
        SELECT u.*, now() FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[]) AS u
        ON CONFLICT (handle) DO UPDATE SET rank = excluded.rank, avatar = excluded.avatar, last_active_at = excluded.last_active_at,
            details = excluded.details, etag = excluded.etag, fetched_at = excluded.fetched_at
        """;

    private async Task WriteAsync(List<Row> rows)
    {
        await using var command = database.Source.CreateCommand(UpsertSql);
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.Handle) });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.Rank) });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.Avatar) });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.LastActiveAt) });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.Details) });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.ETag) });
        await command.ExecuteNonQueryAsync();
    }

    private async Task<Row> FetchAsync(string handle, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync($"users/{handle}", cancellationToken);
        response.EnsureSuccessStatusCode();
        using var body = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
        var user = body.RootElement;
        var details = JsonSerializer.Serialize(new
        {
            name = Text("name"),
            company = Text("company"),
            location = Text("location"),
            bio = Text("bio"),
            followers = user.GetProperty("followers").GetInt32(),
            following = user.GetProperty("following").GetInt32(),
            repositories = user.GetProperty("public_repos").GetInt32(),
        });
        return new Row(handle, Text("type"), Text("avatar_url"), user.GetProperty("updated_at").GetDateTime(), details, response.Headers.ETag?.ToString());

        string? Text(string field) => user.TryGetProperty(field, out var value) ? value.GetString() : null;
    }

    private static HttpClient New(Uri upstream)
    {
        var http = new HttpClient { BaseAddress = upstream };
        http.DefaultRequestHeaders.Add("User-Agent", "benchmark");
        return http;
    }

    private sealed record Row(string Handle, string? Rank, string? Avatar, DateTime LastActiveAt, string Details, string? ETag);
}
