namespace Orleans.Serialization;

/// <summary>What a caller sees instead of an exception whose type has no serializer.</summary>
[GenerateSerializer]
public class SerializerException : Exception
{
    public SerializerException() { }

    public SerializerException(string message) : base(message) { }

    public SerializerException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>The type named in the message lacks <see cref="GenerateSerializerAttribute"/>.</summary>
[GenerateSerializer]
public sealed class CodecNotFoundException(string message) : SerializerException(message);
