using OrleansBulk.Hosting;
using OrleansBulk.Web;
using OrleansBulk.Web.Api;

var builder = WebApplication.CreateBuilder(args);
builder.AddBulkSilo();
builder.AddWebFrame();
builder.AddApi();

var app = builder.Build();
app.UseWebFrame();
app.MapApi();
return await app.RunToExitCodeAsync();
