namespace OrleansBulk.Hooks.Models;

internal static partial class ChatDeskLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "The database was away when an answer of {Model} was to be kept; the same request will be asked again.")]
    public static partial void NotKept(ILogger log, Exception error, string model);
}
