using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>A call that cannot be done: nothing of it was.</summary>
internal sealed class SheetsFault(Reply reply) : Exception
{
    public Reply Reply => reply;

    public static SheetsFault Invalid(string message) => new(SheetsErrors.Invalid(message));
}
