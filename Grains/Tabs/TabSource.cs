using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Tabs;

/// <summary>
/// Asks the source database, which may be another one than the service's own, over connections that can only read: two of them, so that a sync takes nobody else's.
/// What belongs to a row is part of the tab's query, so a batch of rows is one statement.
/// </summary>
public sealed partial class TabSource : IAsyncDisposable
{
    private const int MostUnplaced = 1000; // that are counted

    // What a point in time of this service can hold, with room for what is subtracted from it; drivers and languages write their "never" outside of it.
    private const string IsPlaced = "s.key IS NOT NULL AND s.updated_at >= '0002-01-01 00:00:00+00' AND s.updated_at < '9999-01-01 00:00:00+00'";
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<string, TabShape> _shapes = new(StringComparer.Ordinal);
    private readonly NpgsqlDataSource _source;
    private readonly int _retries;
    private readonly BackgroundPace? _pace;

    /// <param name="pace">At which it is asked; null: none, for somebody waits.</param>
    /// <param name="connections">At once, at most.</param>
    /// <param name="patienceSeconds">So long a connection may take to come.</param>
    public TabSource(string connectionString, TabOptions options, BackgroundPace? pace = null, int connections = 2, int patienceSeconds = 10)
    {
        _pace = pace;
        _retries = options.Retries;
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "bulk-tabs",
            MaxPoolSize = connections,
            MinPoolSize = 0,
            Timeout = patienceSeconds,
            CommandTimeout = (int)options.QueryTimeout.TotalSeconds + 5, // the server's own limit comes first
            ConnectionIdleLifetime = 60,
            Options = $"-c default_transaction_read_only=on -c statement_timeout={(int)options.QueryTimeout.TotalMilliseconds} -c jit=off",
        };
        Place = string.Create(CultureInfo.InvariantCulture, $"{settings.Host}:{settings.Port}/{settings.Database}");
        _source = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = "bulk-tabs" }.Build();
    }

    /// <summary>Which database it is.</summary>
    public string Place { get; }

    /// <summary>Statements that were sent.</summary>
    public long Statements => Interlocked.Read(ref _statements);

    private long _statements;

    /// <summary>Looks at the columns that a tab's query answers.</summary>
    /// <exception cref="InvalidTabException">The query is wrong, or does not answer what the tab needs.</exception>
    public async ValueTask<TabShape> DescribeAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        if (_shapes.TryGetValue(tab.Name, out var known))
        {
            return known;
        }

        var types = await AskAsync(
            tab,
            async connection =>
            {
                await using var reader = await connection.Sql($"SELECT * FROM ({tab.Source}) AS s LIMIT 0").ExecuteReaderAsync(cancellationToken);
                return Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, i => Length().Replace(reader.GetDataTypeName(i), ""), StringComparer.Ordinal);
            },
            cancellationToken);
        return _shapes.GetOrAdd(tab.Name, TabShape.Of(tab, types));
    }

    /// <summary>Keys and times of rows behind a place, in the order of (updated_at, key). Rows that have no key or no time of the years 2 to 9998 are left out.</summary>
    /// <param name="from">Only rows that changed at this time or later; null: all behind <paramref name="after"/>.</param>
    /// <param name="after">The last row of the page before; null: from the start.</param>
    /// <param name="isIncluded">That row too.</param>
    /// <param name="upTo">Only rows up to this one; null: to the end.</param>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer.</exception>
    public Task<IReadOnlyList<TabPlace>> ReadPlacesAsync(
        TabDefinition tab, DateTimeOffset? from, TabPlace? after, TabPlace? upTo, int limit, CancellationToken cancellationToken, bool isIncluded = false) =>
        ReadPlacesAsync(tab, from, after, upTo, limit, newestFirst: false, isIncluded, cancellationToken);

    /// <summary>The newest rows of a span, the newest first.</summary>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer.</exception>
    public Task<IReadOnlyList<TabPlace>> ReadNewestAsync(TabDefinition tab, DateTimeOffset from, TabPlace upTo, int limit, CancellationToken cancellationToken) =>
        ReadPlacesAsync(tab, from, null, upTo, limit, newestFirst: true, isIncluded: false, cancellationToken);

    private async Task<IReadOnlyList<TabPlace>> ReadPlacesAsync(
        TabDefinition tab, DateTimeOffset? from, TabPlace? after, TabPlace? upTo, int limit, bool newestFirst, bool isIncluded, CancellationToken cancellationToken)
    {
        var shape = await DescribeAsync(tab, cancellationToken);
        return await AskAsync(
            tab, command => AskForPlaces(command, tab, shape, from, after, upTo, limit, newestFirst, isIncluded),
            row => new TabPlace(row.GetFieldValue<DateTimeOffset>(0), row.GetString(1)) { IsToCome = row.GetBoolean(2) }, cancellationToken);
    }

    /// <summary>The question of <see cref="ReadPlacesAsync"/>: answered by an index on (updated_at, key), however many rows there are.</summary>
    internal static void AskForPlaces(
        NpgsqlCommand command, TabDefinition tab, TabShape shape, DateTimeOffset? from, TabPlace? after, TabPlace? upTo, int limit, bool newestFirst = false, bool isIncluded = false)
    {
        var conditions = new List<string> { IsPlaced };
        if (from is { } time)
        {
            conditions.Add($"s.updated_at >= ${Add(time)}");
        }

        if (after is { } low)
        {
            conditions.Add($"(s.updated_at, s.key) {(isIncluded ? ">=" : ">")} (${Add(low.At)}, ${Add(low.Key)}::text::{shape.KeyType})");
        }

        if (upTo is { } high)
        {
            conditions.Add($"(s.updated_at, s.key) <= (${Add(high.At)}, ${Add(high.Key)}::text::{shape.KeyType})");
        }

        var order = newestFirst ? "s.updated_at DESC, s.key DESC" : "s.updated_at, s.key";
        command.CommandText = $"SELECT s.updated_at, s.key::text, s.updated_at > now() FROM ({tab.Source}) AS s WHERE {string.Join(" AND ", conditions)} ORDER BY {order} LIMIT ${Add(limit)}";

        int Add<T>(T value)
        {
            command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
            return command.Parameters.Count;
        }
    }

    /// <summary>
    /// The rows with these keys, with all that belongs to them: one statement, unless a value of one of them cannot be computed: then each is asked for alone, so that the
    /// others are not held up. What is wrong with a row is said with it.
    /// </summary>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer.</exception>
    public async Task<IReadOnlyList<SourceRow>> ReadRowsAsync(TabDefinition tab, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var shape = await DescribeAsync(tab, cancellationToken);
        try
        {
            return await ReadRowsAsync(tab, shape, keys, cancellationToken);
        }
        catch (InvalidTabException error) when (error.IsOfValue && keys.Count == 1)
        {
            return [new SourceRow(keys[0], null, []) { Problem = error.Problem }];
        }
        catch (InvalidTabException error) when (error.IsOfValue)
        {
            var rows = new List<SourceRow>();
            foreach (var key in keys)
            {
                rows.AddRange(await ReadRowsAsync(tab, [key], cancellationToken));
            }

            return rows;
        }
    }

    private async Task<IReadOnlyList<SourceRow>> ReadRowsAsync(TabDefinition tab, TabShape shape, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var rows = await AskAsync(
            tab,
            command =>
            {
                command.CommandText = $"SELECT s.key::text, s.updated_at, {string.Join(", ", tab.Columns.Select(column => shape.Select("s." + Quote(column.Name), column.Name)))} FROM ({tab.Source}) AS s WHERE s.key = ANY($1::text[]::{shape.KeyType}[])";
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. keys.Where(shape.CanHave)] });
            },
            row => ReadRow(tab, row), cancellationToken);
        return rows.Count == rows.DistinctBy(row => row.Key, StringComparer.Ordinal).Count() ? rows : [.. rows.GroupBy(row => row.Key, StringComparer.Ordinal).Select(same =>
            same.Count() == 1 ? same.First() : new SourceRow(same.Key, null, []) { Problem = $"its source answers the key {same.Key} {same.Count()} times; it must be there once, so join what belongs to it differently" })];
    }

    private static SourceRow ReadRow(TabDefinition tab, NpgsqlDataReader row)
    {
        var key = row.GetString(0);
        var name = "updated_at";
        try
        {
            var updatedAt = row.Time(1);
            var cells = new string[tab.Columns.Count];
            for (var i = 0; i < cells.Length; i++)
            {
                name = tab.Columns[i].Name;
                cells[i] = TabCells.Text(row.GetValue(i + 2), tab.Columns[i].Format);
            }

            return new SourceRow(key, updatedAt, cells);
        }
        catch (Exception error) when (error is InvalidCastException or FormatException or OverflowException or ArgumentException || (error is InvalidOperationException && !row.IsClosed))
        {
            return new SourceRow(key, null, []) { Problem = $"the column '{name}' of the row {key} has a value that cannot be read ({error.Message}); cast it to text in the source query" };
        }
    }

    /// <summary>Which of these keys there are no rows for any more: one statement.</summary>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer.</exception>
    public async Task<IReadOnlyList<string>> FindGoneAsync(TabDefinition tab, IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        var shape = await DescribeAsync(tab, cancellationToken);
        var there = await AskAsync(
            tab,
            command =>
            {
                command.CommandText = $"SELECT s.key::text FROM ({tab.Source}) AS s WHERE s.key = ANY($1::text[]::{shape.KeyType}[])";
                command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. keys.Where(shape.CanHave)] });
            },
            row => row.GetString(0), cancellationToken);
        return [.. keys.Except(there, StringComparer.Ordinal)];
    }

    /// <summary>How many rows have no key or no time of change that can be used, counted up to a bound: no place can be told for them. Reads the whole source.</summary>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer.</exception>
    public async Task<(int Rows, bool AreMore)> CountUnplacedAsync(TabDefinition tab, CancellationToken cancellationToken)
    {
        var found = await AskAsync(
            tab, command => command.CommandText = $"SELECT count(*)::integer FROM (SELECT FROM ({tab.Source}) AS s WHERE ({IsPlaced}) IS NOT TRUE LIMIT {MostUnplaced + 1}) AS unplaced",
            row => row.GetInt32(0), cancellationToken);
        return (Math.Min(found[0], MostUnplaced), found[0] > MostUnplaced);
    }

    /// <summary>How many rows wait behind a place, counted up to a bound, and the oldest change among them. Rows that are dated in the future do not wait yet.</summary>
    /// <exception cref="InvalidTabException">The source cannot be asked, or has no answer; it is asked once, since somebody waits.</exception>
    public async Task<TabLag> ReadLagAsync(TabDefinition tab, TabPlace? after, int most, CancellationToken cancellationToken)
    {
        var shape = await DescribeAsync(tab, cancellationToken);
        return (await AskAsync(
            tab,
            command =>
            {
                AskForPlaces(command, tab, shape, null, after is { } low && shape.CanHave(low.Key) ? after : null, null, most);
                command.CommandText = $"SELECT count(*)::integer, min(updated_at) FROM ({command.CommandText}) AS waiting(updated_at, key, is_to_come) WHERE NOT is_to_come";
            },
            row => new TabLag(row.GetInt32(0), row.Time(1)), cancellationToken, isAwaited: true))[0];
    }

    private const string RoleSql = """
        -- name: FindWritingTabRole
        SELECT r.rolname FROM pg_roles r
        WHERE r.rolname = current_user AND (r.rolsuper OR EXISTS (
            SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')))
        """;

    /// <summary>The role that the source is read with, when it could also write; null: it cannot.</summary>
    public async Task<string?> FindWritingRoleAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        return await connection.Sql(RoleSql).FirstAsync(row => row.GetString(0), cancellationToken);
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<IReadOnlyList<T>> AskAsync<T>(TabDefinition tab, Action<NpgsqlCommand> write, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, bool isAwaited = false) =>
        await AskAsync(
            tab,
            async connection =>
            {
                var command = connection.CreateCommand(); // disposed by the list
                write(command);
                Interlocked.Increment(ref _statements);
                return await command.ListAsync(read, cancellationToken);
            },
            cancellationToken, isAwaited);

    /// <summary>Asks again after a broken connection or a time-out. What remains is trouble of this tab, in words: it must not look like trouble of the service's own database.</summary>
    /// <param name="isAwaited">Somebody waits for it: it is asked at once, and once.</param>
    private async Task<T> AskAsync<T>(TabDefinition tab, Func<NpgsqlConnection, Task<T>> ask, CancellationToken cancellationToken, bool isAwaited = false)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var turn = isAwaited ? default : await _pace.TurnAsync(cancellationToken);
                await using var connection = await _source.OpenConnectionAsync(cancellationToken);
                return await ask(connection);
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.QueryCanceled && !cancellationToken.IsCancellationRequested)
            {
                await PauseAsync(tries, "its source query took too long (Tabs:QueryTimeout); an index on (updated_at, key) may be missing");
            }
            catch (Exception error) when (Database.IsAway(error) && !cancellationToken.IsCancellationRequested)
            {
                await PauseAsync(tries, $"its source cannot be reached: {error.Message}");
            }
            catch (PostgresException error) when (error.SqlState.StartsWith("22", StringComparison.Ordinal)) // data exceptions: a division by zero, a cast of what is no number
            {
                throw new InvalidTabException(tab.Name, $"its source query cannot compute a value: {error.MessageText}") { IsOfValue = true };
            }
            catch (PostgresException error)
            {
                throw new InvalidTabException(tab.Name, error.SqlState.StartsWith("28", StringComparison.Ordinal) ? $"its source refuses the sign-in: {error.MessageText}" : $"its source query is refused: {error.MessageText}");
            }
            catch (Exception error) when (error is InvalidCastException or FormatException or OverflowException or ArgumentException)
            {
                throw new InvalidTabException(tab.Name, $"its source answers a value that cannot be read: {error.Message}");
            }
        }

        async Task PauseAsync(int tries, string problem)
        {
            if (isAwaited || tries > _retries)
            {
                throw new InvalidTabException(tab.Name, tries > 1 ? $"{problem} ({tries} tries)" : problem) { MayPass = true };
            }

            await Task.Delay(FirstPause * Math.Pow(2, Math.Min(tries - 1, 6)), cancellationToken);
        }
    }

    [GeneratedRegex(@"\([0-9, ]+\)")]
    private static partial Regex Length(); // varchar(20) is varchar

    private static string Quote(string column) => '"' + column.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
}

/// <summary>A place in the order in which a tab's rows changed.</summary>
public readonly record struct TabPlace(DateTimeOffset At, string Key)
{
    /// <summary>It is dated in the future, by the source's own clock: what changes before then stands before it.</summary>
    public bool IsToCome { get; init; }
}

/// <param name="Cells">As they are to stand in the tab.</param>
public sealed record SourceRow(string Key, DateTimeOffset? UpdatedAt, string[] Cells)
{
    /// <summary>Why it has no cells, in words; null: it has.</summary>
    public string? Problem { get; init; }
}

/// <param name="Rows">That wait to be taken over; counted up to a bound.</param>
/// <param name="Oldest">When the one that waits longest changed; null when none waits.</param>
public sealed record TabLag(int Rows, DateTimeOffset? Oldest);

/// <summary>What is known of a tab's query.</summary>
/// <param name="KeyType">The type of its key, in PostgreSQL's words: an index on it can be used.</param>
/// <param name="Types">Of its columns.</param>
public sealed record TabShape(string KeyType, IReadOnlyDictionary<string, string> Types)
{
    private static readonly string[] KeyTypes = ["bigint", "integer", "smallint", "uuid", "text", "character varying"];
    private static readonly string[] Listed = ["bigint[]", "integer[]", "smallint[]", "numeric[]", "uuid[]", "text[]", "character varying[]"];
    private static readonly string[] ReadAsTheyAre =
        ["boolean", "smallint", "integer", "bigint", "real", "double precision", "text", "character varying", "character", "uuid", "json", "jsonb", "timestamp with time zone", "timestamp without time zone"];

    /// <summary>A key of another type is that of a row which stood there before the type was another: no row of the source has it.</summary>
    public bool CanHave(string key) => KeyType switch
    {
        "bigint" => long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "integer" => int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "smallint" => short.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        "uuid" => Guid.TryParseExact(key, "D", out _),
        _ => true,
    };

    /// <summary>How a column is asked for: what this service has no type for comes as PostgreSQL writes it, a number of any length and "infinity" too.</summary>
    public string Select(string column, string name) => Types[name] is var type && Listed.Contains(type) ? $"array_to_string({column}, ', ', '')"
        : ReadAsTheyAre.Contains(type) || type.EndsWith("[]", StringComparison.Ordinal) ? column
        : $"{column}::text";

    /// <exception cref="InvalidTabException">The query does not answer what the tab needs.</exception>
    public static TabShape Of(TabDefinition tab, IReadOnlyDictionary<string, string> types)
    {
        foreach (var column in tab.Columns.Select(column => column.Name).Prepend("updated_at").Prepend("key"))
        {
            if (!types.ContainsKey(column))
            {
                throw new InvalidTabException(tab.Name, $"its source query answers no column '{column}'; it answers {string.Join(", ", types.Keys)}");
            }
        }

        var key = types["key"];
        return !KeyTypes.Contains(key) ? throw new InvalidTabException(tab.Name, $"its key is {key}; it must be one of {string.Join(", ", KeyTypes)}")
            : types["updated_at"] is not ("timestamp with time zone" or "timestamptz") ? throw new InvalidTabException(tab.Name, $"its updated_at is {types["updated_at"]}; it must be timestamp with time zone")
            : new TabShape(key, types);
    }
}

/// <summary>A tab that cannot be synced as it is written.</summary>
public sealed class InvalidTabException(string tab, string problem) : Exception($"The tab '{tab}' cannot be synced: {problem}.")
{
    /// <summary>What is wrong, as part of a sentence.</summary>
    public string Problem { get; } = problem;

    /// <summary>It is trouble of the source that may be over soon, not a mistake in the tab.</summary>
    public bool MayPass { get; init; }

    /// <summary>A value of some row is at fault, and others may be well.</summary>
    public bool IsOfValue { get; init; }
}
