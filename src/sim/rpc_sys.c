/* RPC.*, Sys.*, I2C.Scan. */
#include "base/clock.h"
#include "sim/config.h"
#include "sim/rpc_methods.h"

void sim_rpc_list(struct board *b, const struct sim_channel *channel, const cJSON *args,
                  struct sim_reply *reply)
{
    (void)channel, (void)args;
    reply->result = cJSON_CreateArray();
    for (const struct sim_method *m = sim_methods; m->name != NULL; m++)
        if (sim_rpc_method(b, m->name) != NULL)
            cJSON_AddItemToArray(reply->result, cJSON_CreateString(m->name));
}

void sim_rpc_describe(struct board *b, const struct sim_channel *channel, const cJSON *args,
                      struct sim_reply *reply)
{
    (void)channel;
    const char *name = sim_args_text(args, "name");
    if (name == NULL) {
        sim_reply_error(reply, 400, "name is required");
        return;
    }
    const struct sim_method *m = sim_rpc_method(b, name);
    if (m == NULL) {
        sim_reply_error(reply, 404, "No handler for %s", name);
        return;
    }
    reply->result = cJSON_CreateObject();
    cJSON_AddStringToObject(reply->result, "name", m->name);
    cJSON_AddStringToObject(reply->result, "args_fmt", m->args_fmt);
}

void sim_rpc_ping(struct board *b, const struct sim_channel *channel, const cJSON *args,
                  struct sim_reply *reply)
{
    (void)b, (void)args;
    reply->result = cJSON_CreateObject();
    cJSON_AddStringToObject(reply->result, "channel_info", channel->info);
}

static void add_network(const struct board *b, cJSON *info)
{
    cJSON *wifi = cJSON_AddObjectToObject(info, "wifi");
    bool station = sim_config_flag(b->config, "wifi.sta.enable");
    cJSON_AddStringToObject(wifi, "sta_ip", station ? "192.168.1.57" : "");
    cJSON_AddStringToObject(
        wifi, "ap_ip",
        sim_config_flag(b->config, "wifi.ap.enable") ? sim_config_text(b->config, "wifi.ap.ip") : "");
    cJSON_AddStringToObject(wifi, "status", station ? "got ip" : "disconnected");
    cJSON_AddStringToObject(wifi, "ssid", station ? sim_config_text(b->config, "wifi.sta.ssid") : "");
    cJSON *eth = cJSON_AddObjectToObject(info, "eth");
    cJSON_AddStringToObject(eth, "ip", "");
}

void sim_sys_get_info(struct board *b, const struct sim_channel *channel, const cJSON *args,
                      struct sim_reply *reply)
{
    (void)channel, (void)args;
    struct board_ram ram = board_ram(b);
    cJSON *info = reply->result = cJSON_CreateObject();
    cJSON_AddStringToObject(info, "id", b->id);
    cJSON_AddStringToObject(info, "app", "demo-js");
    cJSON_AddStringToObject(info, "fw_version", "1.0");
    cJSON_AddStringToObject(info, "fw_id", "20261102-090000/lockstep-sim");
    cJSON_AddStringToObject(info, "mg_version", "2.20.0");
    cJSON_AddStringToObject(info, "mg_id", "20210423-180000/2.20.0");
    cJSON_AddStringToObject(info, "mac", b->mac);
    cJSON_AddStringToObject(info, "arch", b->platform);
    cJSON_AddNumberToObject(info, "uptime", (double)((clock_ms() - b->booted_ms) / 1000));
    cJSON_AddStringToObject(info, "public_key", sim_config_text(b->config, "device.public_key"));
    cJSON_AddNumberToObject(info, "ram_size", (double)ram.size);
    cJSON_AddNumberToObject(info, "ram_free", (double)ram.free);
    cJSON_AddNumberToObject(info, "ram_min_free", (double)ram.min_free);
    cJSON_AddNumberToObject(info, "fs_size", SIM_FS_SIZE);
    cJSON_AddNumberToObject(info, "fs_free", (double)sim_fs_free(b));
    add_network(b, info);
}

void sim_sys_reboot(struct board *b, const struct sim_channel *channel, const cJSON *args,
                    struct sim_reply *reply)
{
    (void)channel;
    int64_t delay = sim_args_number(args, "delay_ms", BOARD_SHUTDOWN_MS);
    if (delay < 0) {
        sim_reply_error(reply, 400, "invalid delay value");
        return;
    }
    if (sim_args_flag(args, "abort"))
        board_restart_abort(b);
    else
        board_restart(b, delay);
}

void sim_sys_set_debug(struct board *b, const struct sim_channel *channel, const cJSON *args,
                       struct sim_reply *reply)
{
    (void)channel;
    b->log_level = (int)sim_args_number(args, "level", b->log_level);
    sim_reply_error(reply, 0, "%s", ""); /* success, as the firmware says it */
}

void sim_i2c_scan(struct board *b, const struct sim_channel *channel, const cJSON *args,
                  struct sim_reply *reply)
{
    (void)channel;
    int64_t bus = sim_args_number(args, "bus", 0);
    if (!sim_config_flag(b->config, bus == 0 ? "i2c.enable" : "i2c1.enable")) {
        sim_reply_error(reply, 503, "I2C is disabled");
        return;
    }
    reply->result = cJSON_CreateArray();
    if (bus == 0 && b->chip != NULL)
        cJSON_AddItemToArray(reply->result, cJSON_CreateNumber(chip_bus_address(b->chip)));
}
