using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using OrleansBulk.Storage;

namespace OrleansBulk.Web.Security;

/// <summary>
/// The keys that protect session cookies, in the table <c>data_protection_keys</c>: sessions outlive restarts and hold on every Web. The framework asks for
/// them synchronously, a few times a day.
/// </summary>
internal sealed class DataProtectionKeyTable(Database database) : IXmlRepository
{
    private const string ListDataProtectionKeysSql = """
        -- name: ListDataProtectionKeys
        SELECT xml FROM data_protection_keys ORDER BY id
        """;

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var command = database.Interactive.CreateCommand(ListDataProtectionKeysSql);
        using var reader = command.ExecuteReader();
        var keys = new List<XElement>();
        while (reader.Read())
        {
            keys.Add(XElement.Parse(reader.GetString(0)));
        }

        return keys;
    }

    private const string StoreDataProtectionKeySql = """
        -- name: StoreDataProtectionKey
        INSERT INTO data_protection_keys (xml) VALUES ($1)
        """;

    public void StoreElement(XElement element, string friendlyName)
    {
        using var command = database.Interactive.CreateCommand(StoreDataProtectionKeySql);
        command.Parameters.AddWithValue(element.ToString(SaveOptions.DisableFormatting));
        command.ExecuteNonQuery();
    }
}
