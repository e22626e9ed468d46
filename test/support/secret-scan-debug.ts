// Imported first: `debug` reads the variable when it is loaded, and with it every debug output of the SDK.
process.env['DEBUG'] = '*';
