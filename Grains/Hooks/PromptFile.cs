using System.Reflection;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansBulk.Hooks;

/// <summary>
/// A prompt as its file says it: what the model is to do, a line of three dashes, then the data as JSON. Values go into named placeholders as JSON, so a text of a user can
/// neither end its string nor name another placeholder. A change is a new file with a higher version; the version is kept with every result.
/// </summary>
public sealed class PromptFile
{
    public static readonly PromptFile Write = Load("write-hooks");
    public static readonly PromptFile Judge = Load("judge-hook");
    public static readonly PromptFile Repair = Load("repair-verdict");

    private const string Split = "\n---\n";
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _system;
    private readonly string _user;

    private PromptFile(string version, string text)
    {
        Version = version;
        Text = text;
        var split = text.IndexOf(Split, StringComparison.Ordinal);
        if (split < 0)
        {
            throw new InvalidOperationException($"The prompt {version} has no line of three dashes between what the model is told and the data.");
        }

        (_system, _user) = (text[..split].Trim(), text[(split + Split.Length)..].Trim());
    }

    /// <summary>Name and number of the file: <c>judge-hook/1</c>.</summary>
    public string Version { get; }

    /// <summary>The file, as it is.</summary>
    public string Text { get; }

    /// <summary>Puts values into the placeholders of the data.</summary>
    /// <param name="schema">Goes into the placeholder of this name in what the model is told; not from a user.</param>
    /// <exception cref="InvalidOperationException">A placeholder has no value.</exception>
    public (string System, string User) Fill(string? schema, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in values)
        {
            texts[name] = JsonSerializer.Serialize(value, Plain);
        }

        return (Replace(_system, schema is null ? [] : new Dictionary<string, string> { ["schema"] = schema }), Replace(_user, texts));
    }

    /// <summary>In one pass: what was put in is not looked at again.</summary>
    private string Replace(string template, Dictionary<string, string> texts)
    {
        var filled = new StringBuilder(template.Length + 256);
        var at = 0;
        while (template.IndexOf("{{", at, StringComparison.Ordinal) is var open and >= 0)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            var name = close < 0 ? template[open..] : template[(open + 2)..close];
            filled.Append(template, at, open - at).Append(texts.TryGetValue(name, out var text) ? text : throw new InvalidOperationException($"The prompt {Version} has a placeholder '{name}' without a value."));
            at = close + 2;
        }

        return filled.Append(template, at, template.Length - at).ToString();
    }

    /// <summary>The newest version of a prompt.</summary>
    private static PromptFile Load(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var newest = assembly.GetManifestResourceNames()
            .Select(resource => (Resource: resource, Parts: resource.Split('.')))
            .Where(found => found.Parts is [.., var file, _, "txt"] && file == name && int.TryParse(found.Parts[^2], out _))
            .MaxBy(found => int.Parse(found.Parts[^2]));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(newest.Resource ?? throw new InvalidOperationException($"There is no prompt file '{name}'."))!, Encoding.UTF8);
        return new PromptFile($"{name}/{newest.Parts[^2]}", reader.ReadToEnd().ReplaceLineEndings("\n"));
    }
}
