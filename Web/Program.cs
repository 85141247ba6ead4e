using OrleansBulk.Hosting;
using OrleansBulk.Web;
using OrleansBulk.Web.Api;
using OrleansBulk.Web.Health;

var builder = WebApplication.CreateBuilder(args);
builder.AddBulkSilo();
builder.AddWebFrame();
builder.AddGrainProbe();
builder.AddApi();

var app = builder.Build();
app.UseWebFrame();
app.MapApi();
return await app.RunToExitCodeAsync();
