using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Nppes;
using OrleansBulk.Simulator.Scenarios;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Calls;

/// <summary>What an answer may depend on besides its question.</summary>
/// <param name="Token">The caller's token, null without one.</param>
/// <param name="Quota">The state of the quota after this call; null without a quota, and for free calls.</param>
internal readonly record struct Knowledge(ProfileWorld World, UpstreamRules Rules, string? Token, QuotaState? Quota, DateTimeOffset Now)
{
    public required Scenario Scenario { get; init; }

    /// <summary>The registry of healthcare providers.</summary>
    public required NppesWorld Nppes { get; init; }
}

/// <summary>A call, understood.</summary>
/// <param name="Operation">What is asked, as the journal names it.</param>
/// <param name="Keys">The handles asked for, as they were spelled.</param>
/// <param name="Answer">The right answer; it changes nothing but for <see cref="Changes"/>.</param>
internal sealed record Question(string Operation, IReadOnlyList<string> Keys, Func<Knowledge, Reply> Answer)
{
    /// <summary>Which quota it counts against.</summary>
    public string Resource { get; init; } = "core";

    /// <summary>Limits that only this upstream has; null: none.</summary>
    public Door? Door { get; init; }

    /// <summary>What faults make of the answer that are this upstream's own; null, or null from it: none.</summary>
    public Func<FaultKind, Knowledge, Reply?>? Faulty { get; init; }

    /// <summary>What the provider charges for the answer, in tokens, given the fault that strikes the call; null: nothing.</summary>
    public Func<FaultKind?, Knowledge, long>? Charge { get; init; }

    /// <summary>Its answer changes something: an upstream in trouble gives an error without having done it.</summary>
    public bool Changes { get; init; }

    /// <summary>It counts against no limit and no quota.</summary>
    public bool Free { get; init; }

    /// <summary>A call that is wrong whatever the world is like.</summary>
    public static Question Wrong(string operation, Reply reply) => new(operation, [], _ => reply);

    /// <summary>The same, and nothing is done.</summary>
    public Question Undone() => this with { Answer = static _ => new Reply { Status = 200 } };

    public static Question About(string operation, string key, Func<Knowledge, Reply> answer) => new(operation, [key], answer);
}

/// <summary>Reads a question from a request.</summary>
internal delegate ValueTask<Question> QuestionReader(HttpContext http);
