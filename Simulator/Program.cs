await OrleansBulk.Simulator.SimulatorApp.Build(args).RunAsync();
