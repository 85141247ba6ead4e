using System.Collections.Concurrent;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>Lets an exception reach the caller only if it would do so between two machines.</summary>
internal static class ExceptionBoundary
{
    // The namespaces whose exceptions the other runtime carries without attributes.
    private static readonly string[] s_carried = ["System", "Microsoft", "Azure"];
    private static readonly ConcurrentDictionary<Type, bool> s_crosses = new();

    public static Exception Cross(Exception exception) => FirstForeign(exception) is not { } foreign ? exception : new CodecNotFoundException(
        $"Could not find a codec for type {foreign.GetType()}: an exception that leaves a grain needs [GenerateSerializer]. It said: {foreign.Message}");

    /// <summary>Inner exceptions cross with their outer one, or keep it from crossing.</summary>
    private static Exception? FirstForeign(Exception exception)
    {
        if (!s_crosses.GetOrAdd(exception.GetType(), Crosses)) return exception;
        if (exception is AggregateException many) return many.InnerExceptions.Select(FirstForeign).FirstOrDefault(e => e is not null);
        return exception.InnerException is { } inner ? FirstForeign(inner) : null;
    }

    private static bool Crosses(Type type) =>
        type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)
        || s_carried.Any(prefix => type.Namespace?.StartsWith(prefix, StringComparison.Ordinal) == true);
}
