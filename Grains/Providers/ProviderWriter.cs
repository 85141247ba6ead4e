using Npgsql;
using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>
/// Writes providers by their NPI and says what became of them. Writing the same twice changes nothing; nor does a state older than the stored one.
/// The caller's transaction decides whether the counts hold: it stores them there too.
/// </summary>
internal static class ProviderWriter
{
    public const int MostInBatch = 1000;

    private const NpgsqlDbType Texts = NpgsqlDbType.Array | NpgsqlDbType.Text;
    private const NpgsqlDbType Days = NpgsqlDbType.Array | NpgsqlDbType.Date;

    /// <summary>In the order of the statement's parameters from $4 on.</summary>
    private static readonly Converter<ProviderRecord, string?>[] TextFields =
    [
        record => record.Entity, record => record.Name, record => record.OrganizationName, record => record.LastName, record => record.FirstName, record => record.MiddleName,
        record => record.Credential, record => record.Sex, record => record.Phone, record => record.Fax,
        record => record.Practice.Line1, record => record.Practice.Line2, record => record.Practice.City, record => record.Practice.State, record => record.Practice.PostalCode, record => record.Practice.Country,
        record => record.Mailing.Line1, record => record.Mailing.Line2, record => record.Mailing.City, record => record.Mailing.State, record => record.Mailing.PostalCode, record => record.Mailing.Country,
        record => record.Taxonomy, record => string.Join(',', record.Taxonomies),
    ];

    private static readonly Converter<ProviderRecord, DateOnly?>[] DayFields =
        [record => record.EnumeratedOn, record => record.LastUpdatedOn, record => record.CertifiedOn, record => record.DeactivatedOn, record => record.ReactivatedOn];

    // Most of what is written is stored already: only who is new or changed is sent in full.
    private const string NewsSql = """
        -- name: LookForProviderNews
        SELECT i.npi FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS i(npi, content_hash, answered) LEFT JOIN providers p ON p.npi = i.npi
        WHERE p.npi IS NULL OR p.content_hash IS DISTINCT FROM i.content_hash OR p.answer IS NULL AND i.answered
        """;

    // The arrays are in the order of NPIs, and so are the batches: two who write the same providers at once wait for each other and never crosswise.
    private const string UpsertSql = $"""
        -- name: UpsertProviders
        WITH written AS (
            INSERT INTO providers AS p ({ProviderSql.Facts}, taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status,
                answer, content_hash, source, created_at, updated_at)
            SELECT {ProviderSql.Facts}, taxonomy, string_to_array(taxonomies, ','), enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status,
                answer::jsonb, content_hash, $1, $2, $2
            FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
                $14::text[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::text[],
                $26::text[], $27::text[], $28::date[], $29::date[], $30::date[], $31::date[], $32::date[], $33::text[], $34::text[], $35::bigint[])
                AS i({ProviderSql.Facts}, taxonomy, taxonomies, enumerated_on, last_updated_on, certified_on, deactivated_on, reactivated_on, status, answer, content_hash)
            {ProviderSql.OrUpdate}
        )
        SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created AND changed) FROM written
        """;

    // A mark brings an NPI and a date. It wipes out nothing that is known, and the next full record counts as a change.
    private const string MarkSql = $"""
        -- name: MarkDeactivatedProviders
        WITH input AS MATERIALIZED (
            SELECT * FROM unnest($3::bigint[], $4::date[]) AS i(npi, deactivated_on)
        ), news AS (
            SELECT i.* FROM input i LEFT JOIN providers p ON p.npi = i.npi
            WHERE p.npi IS NULL OR p.status <> 'deactivated' OR p.deactivated_on IS DISTINCT FROM i.deactivated_on
        ), written AS (
            {ProviderSql.Mark}
        )
        SELECT count(*) FILTER (WHERE created), count(*) FILTER (WHERE NOT created) FROM written
        """;

    /// <param name="records">Any number, in any order; of several with one NPI the last one counts.</param>
    /// <param name="source">What they came from: <c>api</c>, or which file.</param>
    public static async Task<ProviderCounts> WriteAsync(NpgsqlConnection connection, IEnumerable<ProviderRecord> records, string source, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var byNpi = new SortedDictionary<long, ProviderRecord>();
        foreach (var record in records)
        {
            byNpi[record.Npi] = record;
        }

        var counts = default(ProviderCounts);
        var moment = new DateTimeOffset(at.Ticks - at.Ticks % TimeSpan.TicksPerMicrosecond, at.Offset).ToUniversalTime(); // as precise as the database: the statement compares it
        foreach (var batch in Batches(byNpi.Values))
        {
            counts += batch[0].IsMark
                ? await CountAsync(Mark(connection, batch, source, moment), batch.Count, cancellationToken)
                : await UpsertAsync(connection, batch, source, moment, cancellationToken);
        }

        return counts;
    }

    /// <summary>In the order of NPIs, marks and full records apart.</summary>
    private static IEnumerable<List<ProviderRecord>> Batches(IEnumerable<ProviderRecord> records)
    {
        var batch = new List<ProviderRecord>();
        foreach (var record in records)
        {
            if (batch.Count == MostInBatch || (batch.Count > 0 && batch[0].IsMark != record.IsMark))
            {
                yield return batch;
                batch = [];
            }

            batch.Add(record);
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }

    private static async Task<ProviderCounts> UpsertAsync(NpgsqlConnection connection, List<ProviderRecord> batch, string source, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var hashes = batch.ConvertAll(record => record.ContentHash);
        var news = (await connection.Sql(NewsSql).With(Column(batch, record => record.Npi)).With(hashes.ToArray()).With(Column(batch, record => record.Answer is not null))
            .ListAsync(row => row.GetInt64(0), cancellationToken)).ToHashSet();
        var unchanged = new ProviderCounts(0, 0, batch.Count - news.Count);
        if (news.Count == 0)
        {
            return unchanged;
        }

        long[] newHashes = [.. hashes.Where((_, place) => news.Contains(batch[place].Npi))];
        var records = batch.FindAll(record => news.Contains(record.Npi));
        return unchanged + await CountAsync(Upsert(connection, records, newHashes, source, at), records.Count, cancellationToken);
    }

    private static async Task<ProviderCounts> CountAsync(NpgsqlCommand command, int all, CancellationToken cancellationToken)
    {
        var written = (await command.FirstAsync(row => Tuple.Create(row.GetInt64(0), row.GetInt64(1)), cancellationToken))!;
        return new ProviderCounts(written.Item1, written.Item2, all - written.Item1 - written.Item2);
    }

    private static NpgsqlCommand Upsert(NpgsqlConnection connection, List<ProviderRecord> records, long[] hashes, string source, DateTimeOffset at)
    {
        var command = connection.Sql(UpsertSql).With(source).With(at).With(Column(records, record => record.Npi));
        foreach (var column in TextFields)
        {
            command.WithTyped(Texts, Column(records, column));
        }

        foreach (var column in DayFields)
        {
            command.WithTyped(Days, Column(records, column));
        }

        return command.WithTyped(Texts, Column(records, record => record.Status)).WithTyped(Texts, Column(records, record => record.Answer)).With(hashes);
    }

    private static NpgsqlCommand Mark(NpgsqlConnection connection, List<ProviderRecord> records, string source, DateTimeOffset at) =>
        connection.Sql(MarkSql).With(source).With(at).With(Column(records, record => record.Npi)).WithTyped(Days, Column(records, record => record.DeactivatedOn));

    private static T[] Column<T>(List<ProviderRecord> records, Converter<ProviderRecord, T> of) => [.. records.ConvertAll(of)];
}
