namespace OrleansBulk.Web.Settings;

/// <summary>A setting as it is in effect.</summary>
/// <param name="Name">As in the configuration: <c>Jobs:CommitItems</c>.</param>
/// <param name="Value">Of a secret only whether it is set.</param>
/// <param name="Default">Where the value is another one; null: the value is the default, or there is none.</param>
public sealed record Setting(string Name, string Value, string? Default);

public sealed record SettingGroup(string Title, IReadOnlyList<Setting> Settings);
