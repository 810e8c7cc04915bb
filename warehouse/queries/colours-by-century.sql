-- Which main colours do the pictures of the objects have, century by century?
-- topic: pictures
-- chart: columns x=century y=objects colour=colour share=yes y_title="share of the objects" paint=yes
-- note: Each object counts by the colour that takes most of its first picture, as photographed: frames, walls and varnish count too. Brown is a dark orange.
with pictured as (
    select
        greatest(century, 10) as century,
        ('0x' || main_colour[2:])::integer as rgb,
        rgb >> 16 as red,
        (rgb >> 8) & 255 as green,
        rgb & 255 as blue
    from fact_image
    join fact_artwork using (artwork_key)
    join dim_period using (period_key)
    where withdrawn_in is null and is_primary and main_colour is not null and period_key > 0
),
measured as (
    select
        century,
        greatest(red, green, blue) as high,
        greatest(red, green, blue) - least(red, green, blue) as chroma,
        -- the hue of HSV in degrees
        60 * case
            when red >= green and red >= blue then ((green - blue) / nullif(chroma, 0) + 6) % 6
            when green >= blue then (blue - red) / nullif(chroma, 0) + 2
            else (red - green) / nullif(chroma, 0) + 4
        end as hue
    from pictured
),

named as (
    select
        century,
        case
            when high < 48 then 'black'
            when 100 * chroma < 15 * high and high > 208 then 'white'
            when 100 * chroma < 15 * high then 'grey'
            when hue < 15 or hue >= 330 then 'red'
            when hue < 45 and high < 176 then 'brown'
            when hue < 45 then 'orange'
            when hue < 70 then 'yellow'
            when hue < 165 then 'green'
            when hue < 260 then 'blue'
            else 'purple'
        end as colour
    from measured
),

counted as (
    select century, colour, count(*) as objects
    from named
    group by all
)

select
    if(century = 10, 'before 1001', (century - 1) * 100 + 1 || '–' || century * 100) as century,
    colour,
    objects
from counted
order by counted.century, objects desc, colour
