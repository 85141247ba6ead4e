using System.Text.Encodings.Web;
using System.Text.Json;

namespace OrleansBulk.Web.Api;

/// <summary>How the API writes JSON where it does so itself: as the framework does for the other endpoints.</summary>
internal static class WireJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
