using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>What syncs came to, and how complete they are. Reads what the jobs' own transactions wrote.</summary>
public sealed class SyncResults(Database database, JobStore jobs)
{
    private const int MostNamed = 50;

    // A part is whole when all its pages up to the first one that was not full were read, or when the parts that it was split into stand for it.
    private const string Whole = "(split OR (NOT saturated AND ends_at IS NOT NULL AND pages_read & ((1 << (ends_at + 1)) - 1) = (1 << (ends_at + 1)) - 1))";

    // Who is told apart already, individuals from organisations, is split by name; see RegistryQuery.Split for the order of things in a part's key.
    private const string SplitByName = @"split AND part ~ '\|NPI-[12]\|[^|]*\|[^|]*$'";

    private const string CountsSql = """
        -- name: ReadSyncCounts
        SELECT created, updated, unchanged, rejected FROM provider_syncs WHERE job_id = $1
        """;

    private const string PartsSql = $"""
        -- name: ReadSyncParts
        SELECT specialty, count(*), count(*) FILTER (WHERE {Whole}), count(*) FILTER (WHERE saturated AND NOT split), sum(found), count(*) FILTER (WHERE {SplitByName})
        FROM provider_sync_parts WHERE job_id = $1 GROUP BY specialty
        """;

    private const string RootsSql = """
        -- name: ReadSyncRoots
        SELECT specialty, count(*) FROM provider_sync_parts WHERE job_id = $1 AND part = ANY($2) GROUP BY specialty
        """;

    private const string NotWholeSql = $"""
        -- name: ListSyncPartsNotWhole
        SELECT specialty, label, saturated FROM provider_sync_parts WHERE job_id = $1 AND NOT {Whole} ORDER BY saturated DESC, specialty, part LIMIT $2
        """;

    /// <summary>Syncs, newest first.</summary>
    public Task<IReadOnlyList<JobRow>> ListAsync(int limit, CancellationToken cancellationToken) => jobs.ListAsync(ProviderSync.WorkloadName, null, null, null, limit, cancellationToken);

    /// <summary>Null when there is no sync with this id.</summary>
    public async Task<SyncResult?> FindAsync(Guid id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { Workload: ProviderSync.WorkloadName } job)
        {
            return null;
        }

        var spec = SyncSpec.Parse((await jobs.ReadSpecAsync(id, cancellationToken))!);
        var queries = spec.Queries().ToArray();
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        var counts = await connection.Sql(CountsSql).With(id).FirstAsync(row => Tuple.Create(new ProviderCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3)), cancellationToken);
        var parts = (await connection.Sql(PartsSql).With(id).ListAsync(row => (Specialty: row.GetInt16(0), All: row.GetInt64(1), Whole: row.GetInt64(2), TooLarge: row.GetInt64(3), Found: row.GetInt64(4), ByName: row.GetInt64(5)), cancellationToken))
            .ToDictionary(row => (int)row.Specialty);
        var begun = (await connection.Sql(RootsSql).With(id).With(Array.ConvertAll(queries, query => query.Key)).ListAsync(row => (Specialty: row.GetInt16(0), Count: row.GetInt64(1)), cancellationToken))
            .ToDictionary(row => (int)row.Specialty, row => row.Count);
        var open = await connection.Sql(NotWholeSql).With(id).With(MostNamed).ListAsync(row => (Specialty: (int)row.GetInt16(0), Part: new SyncPart(row.GetString(1), row.GetBoolean(2))), cancellationToken);
        var perSpecialty = queries.Length / spec.Specialties.Count;
        return new SyncResult(
            job, counts?.Item1 ?? default, counts?.Item2 ?? 0,
            [.. spec.Specialties.Select((specialty, place) => Of(specialty, place + 1))],
            spec.States, spec.Cities, spec.PostalCodes);

        SyncSpecialty Of(Specialty specialty, int number)
        {
            var (_, all, whole, tooLarge, found, byName) = parts.GetValueOrDefault(number);
            all += perSpecialty - begun.GetValueOrDefault(number); // those that nothing came of yet
            return new SyncSpecialty(
                number, specialty.Code, specialty.Name, found, all, whole, tooLarge, byName, job.Status is JobStatus.Completed && whole == all,
                [.. open.Where(row => row.Specialty == number).Select(row => row.Part)]);
        }
    }
}

/// <summary>One sync.</summary>
/// <param name="Counts">What became of the providers that it found, each once.</param>
/// <param name="Rejected">NPIs with a wrong check digit.</param>
public sealed record SyncResult(
    JobRow Job, ProviderCounts Counts, long Rejected, IReadOnlyList<SyncSpecialty> Specialties, IReadOnlyList<string> States, IReadOnlyList<string> Cities, IReadOnlyList<string> PostalCodes)
{
    public long Found => Counts.Created + Counts.Updated + Counts.Unchanged;

    /// <summary>All that the registry has of what was asked for was read; but for <see cref="Remark"/>.</summary>
    public bool Complete => Specialties.All(specialty => specialty.Complete);

    /// <summary>What may be missing all the same, in a sentence; null: nothing.</summary>
    public string? Remark => Specialties.Sum(specialty => specialty.SplitByName) is > 0 and var parts
        ? $"{parts:N0} {(parts == 1 ? "query was so large that it was" : "queries were so large that they were")} read by the beginnings of names, and may lack names with characters that the registry cannot be asked for, such as Ü, + or !. The NPPES file has them."
        : null;
}

/// <summary>How complete a sync is in one specialty.</summary>
/// <param name="Number">Its place in the spec, from 1.</param>
/// <param name="Found">Providers; one with two specialties counts in both.</param>
/// <param name="Parts">The queries it was split into.</param>
/// <param name="Whole">Those that were read to their end.</param>
/// <param name="TooLarge">Those with more rows than can be reached, which cannot be split further.</param>
/// <param name="Code">Empty: by its description.</param>
/// <param name="SplitByName">Those that could only be split by the beginnings of names.</param>
/// <param name="NotWhole">The first of those that are not whole.</param>
public sealed record SyncSpecialty(int Number, string Code, string Name, long Found, long Parts, long Whole, long TooLarge, long SplitByName, bool Complete, IReadOnlyList<SyncPart> NotWhole);

/// <param name="TooLarge">It has more rows than can be reached, and no narrower query is left; else some page of it is not read.</param>
public sealed record SyncPart(string Label, bool TooLarge);
