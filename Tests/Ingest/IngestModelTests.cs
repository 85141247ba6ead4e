using System.Net;
using System.Text;
using OrleansBulk.Tests.Support;
using OrleansBulk.Tests.Web.Ingest;

namespace OrleansBulk.Tests.Ingest;

/// <summary>
/// Random bodies with duplicates inside and across requests, sent in parallel, against a model: a set of ids. Whatever the order in which the service takes them,
/// counts and rows must come out as the model says.
/// </summary>
public sealed class IngestModelTests(WebHost host) : IClassFixture<WebHost>
{
    private const int Rounds = 4;
    private const int AtOnce = 6;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task CountsAndRows_AreWhatTheModelSays(int seed)
    {
        var random = new Random(seed);
        var prefix = $"m{seed}-";
        var known = new HashSet<string>();
        using var program = host.Program();
        for (var round = 0; round < Rounds; round++)
        {
            var bodies = Enumerable.Range(0, AtOnce).Select(_ => Body(random, prefix)).ToArray();

            var answers = await Task.WhenAll(bodies.Select(body => ApiIngestTests.PostAsync(program, body.Text, body.Type, body.Gzipped)));

            var (fresh, valid, added) = (new HashSet<string>(bodies.SelectMany(body => body.Ids)), 0, 0);
            fresh.ExceptWith(known);
            for (var i = 0; i < bodies.Length; i++)
            {
                Assert.Equal(HttpStatusCode.OK, answers[i].Status);
                var answer = answers[i].Json;
                var (raw, global, skipped) = (Count("inserted_raw"), Count("added_to_global"), Count("skipped_existing"));
                Assert.Equal(raw, global + skipped);
                Assert.Equal(bodies[i].Ids.Count, raw);
                Assert.Equal(bodies[i].Wrong, answer.GetProperty("rejected").EnumerateArray().Select(rejected => rejected.GetProperty("index").GetInt32()));
                Assert.InRange(global, bodies[i].Ids.Distinct().Count(id => !known.Contains(id) && bodies.Where((_, other) => other != i).All(body => !body.Ids.Contains(id))), bodies[i].Ids.Distinct().Count(id => !known.Contains(id)));
                (valid, added) = (valid + raw, added + global);
                var ledger = (await program.GetAsync($"/api/jobs/{answer.GetProperty("jobId").GetGuid()}/ledger")).Json;
                Assert.True(ledger.GetProperty("balanced").GetBoolean(), ledger.ToString());

                int Count(string name) => answer.GetProperty(name).GetInt32();
            }

            Assert.Equal(fresh.Count, added);
            known.UnionWith(fresh);
        }

        Assert.Equal(known.Count, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM global_usernames WHERE id LIKE $1", prefix + "%"));

        // What is kept of an id is what the first row that brought it said: the raw row which the username names has the same texts, and none of its own body stands before it.
        Assert.Equal(known.Count, await host.Postgres.QueryAsync<long>("""
            SELECT count(*) FROM global_usernames g JOIN raw_scraped_profiles r ON r.job_id = g.job_id AND r.ord = g.ord
            WHERE g.id LIKE $1 AND r.id = g.id AND r.username = g.username AND r.full_name IS NOT DISTINCT FROM g.full_name
              AND NOT EXISTS (SELECT FROM raw_scraped_profiles b WHERE b.job_id = r.job_id AND b.id = r.id AND b.ord < r.ord)
            """, prefix + "%"));
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM raw_scraped_profiles WHERE id LIKE $1 AND extra IS NOT NULL AND username <> 'user ' || (extra->'of'->>'row')", prefix + "%"));
        Assert.Equal(0, await host.Postgres.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname LIKE 'staged\\_%' AND relkind = 'r' AND relname NOT IN (SELECT 'staged_' || replace(id::text, '-', '') FROM jobs WHERE status <> 'completed' OR finished_at > now() - interval '5 s')"));
    }

    private static RandomBody Body(Random random, string prefix)
    {
        var (ids, wrong) = (new List<string>(), new List<int>());
        var rows = random.Next(4) switch { 0 => random.Next(3), 1 => 500, 2 => random.Next(2000, 6000), _ => random.Next(100) };
        var (csv, list) = random.Next(3) switch { 0 => (true, false), 1 => (false, true), _ => (false, false) };
        var text = new StringBuilder(csv ? "full_name,id,username\n" : list ? "{\"profiles\": [" : "");
        for (var row = 0; row < rows; row++)
        {
            text.Append(list && row > 0 ? "," : "");
            if (random.Next(50) == 0)
            {
                wrong.Add(row);
                text.Append(csv ? $",,{row}\n" : "{\"username\": \"no id\"}\n");
                continue;
            }

            var id = $"{prefix}{random.Next(9000)}";
            ids.Add(id);
            text.Append(csv ? $"\"Na, me {random.Next(5)}\",{id},user {row}\n" : $"{{{Nested(random, row)}\"id\": \"{id}\", \"username\": \"user {row}\"}}\n");
        }

        text.Append(list ? "]}" : "");
        return new RandomBody(text.ToString(), csv ? "text/csv" : list ? "application/json" : "application/x-ndjson", random.Next(2) == 0, ids, wrong);
    }

    /// <summary>A member of an entry that holds others, more or less deep; the row's number is among them.</summary>
    private static string Nested(Random random, int row)
    {
        var depth = random.Next(4);
        return random.Next(3) == 0 ? "" : $"\"of\": {{\"row\": {row}, \"in\": {string.Concat(Enumerable.Repeat("{\"a\": [", depth))}{{}}{string.Concat(Enumerable.Repeat("]}", depth))}}}, ";
    }

    private sealed record RandomBody(string Text, string Type, bool Gzipped, List<string> Ids, List<int> Wrong);
}
