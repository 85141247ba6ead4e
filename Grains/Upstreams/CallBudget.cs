namespace OrleansBulk.Upstreams;

/// <summary>What an ask may spend.</summary>
/// <param name="Flow">On whose behalf.</param>
/// <param name="WaitAtMost">How long it may wait at the gate and between tries before it is deferred.</param>
/// <param name="AttemptsSpent">Tries made before this ask.</param>
public readonly record struct CallBudget(FlowTicket Flow, TimeSpan WaitAtMost, int AttemptsSpent)
{
    /// <summary>Another try is the caller's affair: it costs money, or asks for something else than this one.</summary>
    public bool OneTry { get; init; }

    /// <summary>For a person who waits: served first, up to ten seconds.</summary>
    public static readonly CallBudget Interactive = new(new FlowTicket(FlowTicket.Interactive, 0), TimeSpan.FromSeconds(10), 0);
}
