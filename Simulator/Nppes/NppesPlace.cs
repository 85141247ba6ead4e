namespace OrleansBulk.Simulator.Nppes;

/// <summary>One address of a provider.</summary>
/// <param name="PostalCode">5 or 9 digits.</param>
internal sealed record NppesPlace(string Line1, string? Line2, string City, string State, string PostalCode, string? Phone, string? Fax);
