/* demo_view.c - what people see: a table that is drawn anew twice a second, or a plain line every few seconds. */
#include "demo.h"

#include <math.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define SCREEN_BYTES (256u << 10)
#define SHOW_US      (500 * US_PER_MS)
#define SAY_US       (5 * US_PER_SECOND)
#define ROWS_LEAST   12
#define COLUMNS_MAX  200
#define FIXED_ROWS   4 /* title, totals, column heads, foot */
#define ALERT_ROWS   5
#define NAME_WIDTH   23

#define TO_SCREEN "\033[?1049h\033[?25l\033[?7l" /* a screen of our own, no cursor, long lines cut */
#define HOME      "\033[H"
#define LINE_END  "\033[0m\033[K\n"
#define FRAME_END "\033[0m\033[K\033[J"
#define PLAIN     "\033[0m"
#define BOLD      "\033[1m"
#define DIM       "\033[2m"
#define RED       "\033[31m"
#define YELLOW    "\033[33m"
#define GREEN     "\033[32m"

struct frame {
    struct buffer *out;
    const struct demo_moment *moment;
    int rows, columns;
    int used; /* rows */
};

/* ---- parts of the table ---- */

/* Falling, rising or level, by more than what is mere noise. */
static const char *arrow(double now, double before)
{
    double change = now - before;
    return change < -1 ? "↓" : change > 1 ? "↑" : "→";
}

static void put_change(struct buffer *out, double now, double before)
{
    if (isnan(now) || isnan(before)) {
        buffer_text(out, "       ");
        return;
    }
    buffer_text(out, " %s%+5.1f", arrow(now, before), now - before);
}

static void put_bar(struct buffer *out, double score, int width)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int parts = isnan(score) ? 0 : (int)(score / 100 * width * 8 + .5);
    int cells = parts / 8;
    for (int i = 0; i < cells; i++) {
        buffer_text(out, "█");
    }
    buffer_text(out, "%s", eighths[parts % 8]);
    for (int i = cells + (parts % 8 > 0); i < width; i++) {
        buffer_text(out, " ");
    }
}

static const char *colour_of(const struct board_agency *agency)
{
    return agency->alerts ? RED : agency->score >= 75 ? GREEN : agency->score < 60 ? YELLOW : "";
}

static void put_agency(struct frame *self, const struct board_agency *agency, size_t rank)
{
    struct buffer *out = self->out;
    int width = self->columns - NAME_WIDTH - 43;
    buffer_text(out, "%3zu %s%-*.*s", rank, agency->alerts ? BOLD RED : "", NAME_WIDTH, NAME_WIDTH, agency->name);
    buffer_text(out, "\033[0m %s", colour_of(agency));
    put_bar(out, agency->score, width > 40 ? 40 : width);
    if (isnan(agency->score)) {
        buffer_text(out, "\033[0m    ? ");
    } else {
        buffer_text(out, "\033[0m %5.1f", agency->score);
    }
    put_change(out, agency->score, agency->day);
    put_change(out, agency->score, agency->week);
    buffer_text(out, " %7lld  %s" LINE_END, (long long)agency->n, agency->alerts ? BOLD RED "SLIPS" : "");
    self->used++;
}

static void put_heads(struct frame *self)
{
    int width = self->columns - NAME_WIDTH - 43;
    width = width > 40 ? 40 : width;
    buffer_text(self->out, DIM "    %-*s %-*s score  vs 24h   vs 7d contacts" LINE_END, NAME_WIDTH, "agency", width,
                "CX score, 4 h");
    self->used++;
}

/* As many as fit; the middle of the ranking goes first, and never an agency with an alert. */
static void put_agencies(struct frame *self, int room)
{
    const struct board *board = self->moment->board;
    size_t count = board->agency_count;
    size_t hidden = count > (size_t)room ? count - (size_t)room + 1 : 0;
    size_t first = (count - hidden) / 2;
    size_t left = hidden;
    for (size_t i = 0; i < count; i++) {
        if (i >= first && left > 0 && !board->agencies[i].alerts) {
            if (left-- == hidden) {
                buffer_text(self->out, DIM "    ... %zu more" LINE_END, hidden);
                self->used++;
            }
            continue;
        }
        put_agency(self, &board->agencies[i], i + 1);
    }
}

/* ---- the other lines ---- */

static const char *time_text(int64_t us, char text[32])
{
    long long seconds = us / US_PER_SECOND;
    snprintf(text, 32, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    return text;
}

static void put_title(struct frame *self)
{
    const struct demo_moment *moment = self->moment;
    char text[32];
    buffer_text(self->out, BOLD "slipstream demo" PLAIN " on %s   ", moment->where);
    if (moment->stopping) {
        buffer_text(self->out, "stopping ...");
    } else if (moment->live_us < 0) {
        buffer_text(self->out, YELLOW "reading nine weeks of history ...");
    } else {
        buffer_text(self->out, GREEN "live %s", time_text(moment->live_us, text));
    }
    buffer_text(self->out, LINE_END);
    self->used++;
}

static void put_totals(struct frame *self)
{
    const struct demo_moment *moment = self->moment;
    const struct demo_account *account = &moment->account;
    buffer_text(self->out,
                "%.0f events/s, lag %lld | sent %lld = applied %lld + dup. %lld + late %lld + dead %lld" LINE_END,
                moment->rate, (long long)moment->lag, (long long)account->sent, (long long)account->applied,
                (long long)account->duplicate, (long long)account->late, (long long)account->deadlettered);
    self->used++;
}

/* A sentence over as many lines as it needs, broken at blanks. */
static void put_sentence(struct frame *self, const char *text, int rows)
{
    size_t width = (size_t)self->columns - 3; /* clearing the rest of a full line would take its last character */
    while (*text && rows-- > 0) {
        size_t size = strlen(text);
        if (size > width) {
            size = width;
            while (size > width / 2 && text[size] != ' ') {
                size--;
            }
        }
        buffer_text(self->out, RED "%s%.*s" LINE_END, "! ", (int)size, text);
        self->used++;
        text += size;
        text += strspn(text, " ");
    }
}

static void put_alerts(struct frame *self, int room)
{
    const struct board *board = self->moment->board;
    int end = self->used + room;
    for (size_t i = 0; i < board->alert_count && self->used < end; i++) {
        put_sentence(self, board->alerts[i].text, end - self->used);
    }
    if (board->alert_count == 0) {
        buffer_text(self->out, DIM "no alerts" LINE_END);
        self->used++;
    }
}

static void put_foot(struct frame *self)
{
    buffer_text(self->out, DIM "%s: its phones broke down three hours before the start; Ctrl-C ends" FRAME_END,
                self->moment->planted);
}

static void draw(struct demo_view *self, const struct demo_moment *moment)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row >= ROWS_LEAST && size.ws_col >= 80;
    struct frame frame = {
        .out = &self->screen, .moment = moment, .rows = known ? size.ws_row : 24, .columns = known ? size.ws_col : 80};
    frame.columns = frame.columns > COLUMNS_MAX ? COLUMNS_MAX : frame.columns;
    int alert_rows = moment->board->alert_count ? ALERT_ROWS : 1;
    buffer_clear(&self->screen);
    buffer_text(&self->screen, HOME);
    put_title(&frame);
    put_totals(&frame);
    put_heads(&frame);
    put_agencies(&frame, frame.rows - FIXED_ROWS - alert_rows);
    put_alerts(&frame, alert_rows);
    put_foot(&frame);
    ssize_t ignored = write(STDOUT_FILENO, self->screen.data, self->screen.size);
    (void)ignored;
}

/* ---- plain lines ---- */

static void say_alerts(struct demo_view *self, const struct board *board)
{
    for (; self->alerts_said < board->alert_count; self->alerts_said++) {
        fprintf(stderr, "demo: alert: %s\n", board->alerts[self->alerts_said].text);
    }
}

static void say(struct demo_view *self, const struct demo_moment *moment)
{
    const struct demo_account *account = &moment->account;
    const struct board *board = moment->board;
    char text[32];
    if (moment->live_us < 0) {
        fprintf(stderr, "demo: reading nine weeks of history: %lld events sent, %lld scored, %.0f/s\n",
                (long long)account->sent, (long long)demo_account_sum(account), moment->rate);
    } else if (board->agency_count) {
        const struct board_agency *best = &board->agencies[0];
        const struct board_agency *worst = &board->agencies[board->agency_count - 1];
        fprintf(stderr, "demo: live %s: %zu agencies from %s %.1f to %s %.1f, %zu alerts, %.0f events/s, lag %lld\n",
                time_text(moment->live_us, text), board->agency_count, best->name, best->score, worst->name,
                worst->score, board->alert_count, moment->rate, (long long)moment->lag);
        say_alerts(self, board);
    }
}

/* ---- opening, showing, closing ---- */

void demo_view_open(struct demo_view *self, const struct demo_home *home)
{
    *self = (struct demo_view){.terminal = isatty(STDOUT_FILENO) == 1};
    buffer_init(&self->screen, SCREEN_BYTES);
    if (self->terminal) {
        demo_home_terminal(home, true);
        ssize_t ignored = write(STDOUT_FILENO, TO_SCREEN, sizeof TO_SCREEN - 1);
        (void)ignored;
    }
}

void demo_view_show(struct demo_view *self, const struct demo_moment *moment, struct mono_time now)
{
    if (self->terminal && now.us - self->shown_us >= SHOW_US) {
        draw(self, moment);
        self->shown_us = now.us;
    } else if (!self->terminal && now.us - self->said_us >= SAY_US) {
        say(self, moment);
        self->said_us = now.us;
    }
}

void demo_view_close(struct demo_view *self, const struct demo_home *home)
{
    if (self->terminal) {
        ssize_t ignored = write(STDOUT_FILENO, DEMO_TERMINAL_BACK, sizeof DEMO_TERMINAL_BACK - 1);
        (void)ignored;
        demo_home_terminal(home, false);
    }
    buffer_done(&self->screen);
    *self = (struct demo_view){0};
}
