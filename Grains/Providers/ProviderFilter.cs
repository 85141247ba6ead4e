using NpgsqlTypes;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers;

/// <summary>Which providers are asked for; what is null is not asked for.</summary>
/// <param name="State">Of the practice, two letters.</param>
/// <param name="City">In that state; in any case.</param>
/// <param name="Taxonomy">The code of the primary one.</param>
/// <param name="Search">A part of the name; less than three characters, or where pg_trgm is missing, its beginning.</param>
/// <param name="Status">active or deactivated.</param>
public sealed record ProviderFilter(string? State, string? City, string? Taxonomy, string? Search, string? Status)
{
    public const string Active = "active";
    public const string Deactivated = "deactivated";

    /// <summary>Shorter ones have no trigram to look up.</summary>
    public const int ShortestInside = 3;

    public static readonly ProviderFilter None = new(null, null, null, null, null);

    public bool IsEmpty => this == None;

    /// <summary>What is wrong with it in a sentence; null when nothing is.</summary>
    public string? Problem() => City is not null && State is null ? "A city is looked up in its state: give the state too."
        : Status is not (null or Active or Deactivated) ? "status must be active or deactivated."
        : new[] { State, City, Taxonomy, Search }.Any(text => text?.Length > 200) ? "A filter has more than 200 characters; shorten it."
        : null;

    /// <summary>
    /// The conditions on <c>providers AS p</c>, or on leads, which know the same of their providers, as SQL; each only where it is asked for: a condition that is always there would make one plan do for all, and none of it is good for all.
    /// Parameters are those that <see cref="AddTo"/> adds, from <paramref name="first"/> on.
    /// </summary>
    /// <param name="inside">Whether names can be searched inside.</param>
    internal string Conditions(int first, bool inside, char table = 'p')
    {
        var sql = "";
        Where(State, $"coalesce({table}.state, '') = ");
        Where(City, $"upper(coalesce({table}.city, '')) = ");
        Where(Taxonomy, $"{table}.taxonomy = ");
        Where(Search, SearchesInside(inside) ? $"lower({table}.name) LIKE " : $"lower({table}.name) COLLATE \"C\" LIKE ");
        sql += Status is null ? "" : $" AND {table}.status = '{(Status == Active ? Active : Deactivated)}'";
        return sql;

        void Where(string? given, string condition) => sql += given is null ? "" : $" AND {condition}${first++}";
    }

    /// <summary>Adds the parameters of <see cref="Conditions"/>.</summary>
    internal Npgsql.NpgsqlCommand AddTo(Npgsql.NpgsqlCommand command, bool inside)
    {
        foreach (var text in new[] { State?.ToUpperInvariant(), City?.ToUpperInvariant(), Taxonomy, Search is null ? null : Pattern(Search, SearchesInside(inside)) })
        {
            if (text is not null)
            {
                command.WithTyped(NpgsqlDbType.Text, text);
            }
        }

        return command;
    }

    private bool SearchesInside(bool possible) => possible && Search?.Length >= ShortestInside;

    private static string Pattern(string search, bool inside) =>
        $"{(inside ? "%" : "")}{search.ToLowerInvariant().Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_")}%";
}
