using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace OrleansBulk.Tests.Web;

/// <summary>Everything that was logged, from Debug up, with the exceptions.</summary>
public sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _entries = new();

    public string All => string.Join('\n', _entries.Select(entry => $"{entry.Level}: {entry.Text}"));

    public string At(LogLevel level) => string.Join('\n', _entries.Where(entry => entry.Level == level).Select(entry => entry.Text));

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
    }

    private sealed class Logger(LogCapture log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log._entries.Enqueue((logLevel, formatter(state, exception) + exception));
    }
}
