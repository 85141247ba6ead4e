using System.Text.Json;
using Orleans.Storage;

namespace OrleansBulk.Storage;

/// <summary>States of grains as plain JSON, as in the embedded flavour: no names of types or assemblies in the database.</summary>
internal sealed class JsonStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input));

    public T Deserialize<T>(BinaryData input) => JsonSerializer.Deserialize<T>(input.ToMemory().Span)!;
}
