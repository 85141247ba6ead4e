using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace OrleansBulk.Simulator.Sheets;

/// <summary>The spreadsheets there are, and who may call: a service account whose key is made anew with every start. Scenarios leave it as it is.</summary>
public sealed class SheetsWorld
{
    /// <summary>A workbook that is there from the start.</summary>
    public const string DemoId = "demo-spreadsheet";

    private readonly ConcurrentDictionary<string, Workbook> _workbooks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _tokens = new(StringComparer.Ordinal);
    private readonly Lazy<ServiceAccount> _account = new(ServiceAccount.Create);
    private long _largestBody;

    public SheetsWorld() => Create(DemoId, "Demo");

    /// <summary>How long a token holds that is handed out from now on. Default 3,599 s.</summary>
    public TimeSpan TokenLife { get; set; } = TimeSpan.FromSeconds(3599);

    /// <summary>Bytes of the largest body that was sent to be written.</summary>
    public long LargestBody => Interlocked.Read(ref _largestBody);

    /// <summary>The key file of the service account: a JSON document with a private key.</summary>
    public string KeyFile => _account.Value.KeyFile;

    public Workbook Demo => _workbooks[DemoId];

    public IReadOnlyList<Workbook> Workbooks => [.. _workbooks.Values.OrderBy(workbook => workbook.Id, StringComparer.Ordinal)];

    /// <summary>A new workbook with the sheet <c>Sheet1</c>; one of this id that was there is gone.</summary>
    public Workbook Create(string id, string title = "Untitled spreadsheet") => _workbooks[id] = new Workbook(id, title);

    public Workbook? Find(string id) => _workbooks.GetValueOrDefault(id);

    /// <summary>Ends every token that was handed out.</summary>
    public void RevokeTokens() => _tokens.Clear();

    internal ServiceAccount Account => _account.Value;

    internal string Issue(DateTimeOffset now)
    {
        var token = "ya29." + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        _tokens[token] = now + TokenLife;
        return token;
    }

    internal bool Knows(string? token, DateTimeOffset now) => token is not null && _tokens.TryGetValue(token, out var until) && now < until;

    internal void Received(long bytes)
    {
        long largest;
        while (bytes > (largest = LargestBody) && Interlocked.CompareExchange(ref _largestBody, bytes, largest) != largest)
        {
        }
    }
}
