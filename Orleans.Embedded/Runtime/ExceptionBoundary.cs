using System.Collections.Concurrent;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>Lets an exception reach the caller only if it would do so between two machines.</summary>
internal static class ExceptionBoundary
{
    // The namespaces whose exceptions the other runtime carries without attributes.
    private static readonly string[] s_carried = ["System", "Microsoft", "Azure"];
    private static readonly ConcurrentDictionary<Type, bool> s_crosses = new();

    public static Exception Cross(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (!s_crosses.GetOrAdd(e.GetType(), Crosses)) return Foreign(e);
            if (e is AggregateException many && many.InnerExceptions.Select(Cross).FirstOrDefault(c => c is CodecNotFoundException) is { } refused) return refused;
        }
        return exception;
    }

    private static bool Crosses(Type type) =>
        type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)
        || s_carried.Any(prefix => type.Namespace?.StartsWith(prefix, StringComparison.Ordinal) == true);

    private static CodecNotFoundException Foreign(Exception e) => new(
        $"Could not find a codec for type {e.GetType()}: an exception that leaves a grain needs [GenerateSerializer]. It said: {e.Message}");
}
